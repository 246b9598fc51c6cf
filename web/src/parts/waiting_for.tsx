// Why a job does not run yet.

import { watchDemand, watchFleet } from '../net/live';
import type { Demand, FleetStatus, JobStatus } from '../net/messages';
import { whyBlocked, whyQueued } from '../model/waiting';
import { useLive } from './use_live';

interface WaitingProps {
  job: JobStatus;
  jobs: JobStatus[]; // of its workflow
  now: number;
}

export function WaitingFor(props: WaitingProps) {
  const { job, jobs, now } = props;
  if (job.state === 'blocked') return <Sentences said={whyBlocked(job, jobs, now)} />;
  const waits = job.tasks.some((task) => task.state === 'queued');
  return waits ? <Queued {...props} /> : null;
}

function Queued({ job, now }: WaitingProps) {
  const name = job.resource_class;
  const fleet = useLive<FleetStatus>('fleet', watchFleet);
  const demand = useLive<Demand>(name, (listener) => watchDemand([name], listener));
  const one = fleet.value?.classes.find((candidate) => candidate.resource_class === name);
  return <Sentences said={whyQueued(one, demand.value?.classes[0], now)} />;
}

function Sentences({ said }: { said: string[] }) {
  if (said.length === 0) return null;
  return (
    <section class="why" aria-label="What it waits for">
      <h2>What it waits for</h2>
      <ul>
        {said.map((sentence) => (
          <li>{sentence}</li>
        ))}
      </ul>
    </section>
  );
}
