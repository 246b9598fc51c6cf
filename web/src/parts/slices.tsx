// The parallel slices of a job, side by side: a column each, a row for each step.

import type { JobStatus, StepStatus } from '../net/messages';
import { between, duration } from '../model/times';
import { Name, State } from './basics';

interface SlicesProps {
  job: JobStatus;
  chosen: number;
  path: string;
  now: number;
}

// Slices have the same steps, but each may not have come to all of them yet.
function stepNames(job: JobStatus): [number, string][] {
  const names = new Map<number, string>();
  for (const task of job.tasks) {
    for (const step of task.steps) names.set(step.index, step.name);
  }
  return [...names].sort(([one], [other]) => one - other);
}

export function Slices({ job, chosen, path, now }: SlicesProps) {
  return (
    <div class="table slices" role="region" aria-label="Slices" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Step</th>
            {job.tasks.map((task) => (
              <th scope="col" class={task.index === chosen ? 'chosen' : ''}>
                <a
                  href={`${path}?slice=${task.index}`}
                  aria-current={task.index === chosen ? 'true' : undefined}
                >
                  Slice {task.index}
                </a>{' '}
                <State state={task.state} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {stepNames(job).map(([index, name]) => (
            <tr key={index}>
              <th scope="row">
                <Name longest={60}>{name}</Name>
              </th>
              {job.tasks.map((task) => (
                <td class={task.index === chosen ? 'chosen' : ''}>
                  <Cell step={task.steps.find((step) => step.index === index)} now={now} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ step, now }: { step: StepStatus | undefined; now: number }) {
  if (!step) return <span class="quiet">–</span>;
  const took = between(step.started_at, step.ended_at, now);
  return (
    <>
      <State state={step.state} bare={step.state === 'success'} />{' '}
      {took !== undefined && <span class="took">{duration(took)}</span>}
    </>
  );
}
