// A pipeline as it is, and of its blocked jobs when they should be queued.

import { useEffect, useState } from 'preact/hooks';
import { get, kMuster, query } from '../net/api';
import { watchPipeline } from '../net/live';
import type { JobStatus, PipelineStatus } from '../net/messages';
import { useLive, useSeen, useSeldom, type Reading } from './use_live';

const kExpectedEveryMs = 10_000;
const kExpectedAgainMs = 2_000; // after news, at the earliest

function isBlocked(pipeline: PipelineStatus): boolean {
  return pipeline.workflows.some((one) => one.jobs.some((job) => job.state === 'blocked'));
}

function expectations(pipeline: PipelineStatus): Map<string, string> {
  const jobs = pipeline.workflows.flatMap((workflow) => workflow.jobs);
  return new Map(jobs.flatMap((job) => (job.expected_at ? [[job.id, job.expected_at]] : [])));
}

function withExpected(pipeline: PipelineStatus, expected: Map<string, string>): PipelineStatus {
  const ofJob = (job: JobStatus): JobStatus => {
    const at = job.state === 'blocked' ? expected.get(job.id) : undefined;
    return at ? { ...job, expected_at: at } : job;
  };
  const workflows = pipeline.workflows.map((one) => ({ ...one, jobs: one.jobs.map(ofJob) }));
  return { ...pipeline, workflows };
}

export function usePipeline(id: string): Reading<PipelineStatus> {
  const reading = useLive<PipelineStatus>(id, (listener) => watchPipeline(id, listener));
  const [expected, setExpected] = useState(new Map<string, string>());
  const [turn, setTurn] = useState(0);
  const blocked = reading.value !== undefined && isBlocked(reading.value);
  const version = useSeldom(reading.value?.version, kExpectedAgainMs);
  const seen = useSeen();
  useEffect(() => {
    if (!blocked || !seen || document.hidden) return undefined;
    const controller = new AbortController();
    const path = `${kMuster}/pipelines/${encodeURIComponent(id)}?${query({ expected: 'true' })}`;
    get<PipelineStatus>(path, controller.signal).then(
      (answer) => setExpected(expectations(answer)),
      () => undefined, // a forecast that is missing is no trouble
    );
    const timer = setTimeout(() => setTurn((n) => n + 1), kExpectedEveryMs);
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [id, blocked, version, turn, seen]);
  return reading.value ? { value: withExpected(reading.value, expected) } : reading;
}
