// One class: how it is, how it was, its runners, and what was decided and why.

import { watchFleet } from '../net/live';
import type { FleetStatus } from '../net/messages';
import type { Span } from '../model/history';
import { Heading, Loading, Problem, useNow } from '../parts/basics';
import { ClassDecisions } from '../parts/class_decisions';
import { ClassHistory } from '../parts/class_history';
import { ClassNow } from '../parts/class_now';
import { Inventory } from '../parts/inventory';
import { useLive } from '../parts/use_live';

export function FleetClass({ name, span }: { name: string; span: Span }) {
  const fleet = useLive<FleetStatus>('fleet', watchFleet);
  const now = useNow();
  const one = fleet.value?.classes.find((candidate) => candidate.resource_class === name);
  const problem = fleet.problem ?? (fleet.value && !one ? 'There is no such class.' : undefined);
  return (
    <main>
      <nav class="crumbs" aria-label="Where this is">
        <a href="/fleet">Fleet</a>
      </nav>
      <Heading title={name} />
      {problem && <Problem>{problem}</Problem>}
      {!one && !problem && <Loading />}
      {one && (
        <>
          <section class="card" aria-label="Now">
            <ClassNow one={one} now={now} />
          </section>
          <ClassHistory one={one} span={span} now={now} />
          <Inventory classes={[name]} now={now} />
          <ClassDecisions name={name} news={JSON.stringify(one.fleet ?? null)} now={now} />
        </>
      )}
    </main>
  );
}
