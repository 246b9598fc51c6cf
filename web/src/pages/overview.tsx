import { watchFleet } from '../net/live';
import type { FleetStatus } from '../net/messages';
import { Heading, Loading, Problem, useNow } from '../parts/basics';
import { ClassCard } from '../parts/class_now';
import { FirstSteps } from '../parts/first_steps';
import { useLive } from '../parts/use_live';
import { PipelineTable } from './pipelines';

const kLatest = 15;

export function Overview() {
  const fleet = useLive<FleetStatus>('fleet', watchFleet);
  const now = useNow();
  const classes = fleet.value?.classes;
  return (
    <main>
      <Heading title="Overview" />
      {fleet.problem && <Problem>{fleet.problem}</Problem>}
      {!classes && !fleet.problem && <Loading />}
      {classes?.length === 0 && <FirstSteps />}
      {classes && classes.length > 0 && (
        <>
          <div class="cards">
            {classes.map((one) => (
              <ClassCard key={one.resource_class} one={one} now={now} />
            ))}
          </div>
          <h2>Latest pipelines</h2>
          <PipelineTable most={kLatest} />
          <p>
            <a href="/pipelines">All pipelines</a>
          </p>
        </>
      )}
    </main>
  );
}
