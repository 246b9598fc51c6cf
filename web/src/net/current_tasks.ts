// What busy runners work on, as the pipelines tell that run now.

import { get, kMuster, query } from './api';
import type { List, PipelineItem, PipelineStatus } from './messages';

export interface CurrentTask {
  job: string;
  path: string;
}

const kMostPipelines = 100; // looked through for those that run
const kMostRead = 5; // of which the tasks are looked at, so that a glance at the fleet stays cheap

export function tasksOf(pipeline: PipelineStatus): [string, CurrentTask][] {
  return pipeline.workflows.flatMap((workflow) =>
    workflow.jobs.flatMap((job) =>
      job.tasks
        .filter((task) => task.state === 'running' && task.runner !== '')
        .map((task): [string, CurrentTask] => [
          `${job.resource_class} ${task.runner}`,
          {
            job: `${job.name} · ${pipeline.number}`,
            path: `/pipelines/${pipeline.number}/jobs/${job.number}?slice=${task.index}`,
          },
        ]),
    ),
  );
}

export async function currentTasks(signal: AbortSignal): Promise<Map<string, CurrentTask>> {
  const path = `${kMuster}/pipelines?${query({ limit: kMostPipelines })}`;
  const { items } = await get<List<PipelineItem>>(path, signal);
  const running = items.filter((one) => one.state === 'running').slice(0, kMostRead);
  const tasks = new Map<string, CurrentTask>();
  for (const one of running) {
    const status = await get<PipelineStatus>(`${kMuster}/pipelines/${one.id}`, signal);
    for (const [runner, task] of tasksOf(status)) tasks.set(runner, task);
  }
  return tasks;
}
