// Who works: each class with its queue and its machines, and each runner.

import { watchFleet } from '../net/live';
import type { FleetStatus } from '../net/messages';
import { Heading, Loading, Problem, useNow } from '../parts/basics';
import { ClassCard } from '../parts/class_now';
import { FirstSteps } from '../parts/first_steps';
import { Inventory } from '../parts/inventory';
import { useLive } from '../parts/use_live';

export function Fleet() {
  const fleet = useLive<FleetStatus>('fleet', watchFleet);
  const now = useNow();
  if (fleet.problem) return <Page><Problem>{fleet.problem}</Problem></Page>;
  if (!fleet.value) return <Page><Loading /></Page>;
  const { classes } = fleet.value;
  if (classes.length === 0) return <Page><FirstSteps /></Page>;
  return (
    <Page>
      <div class="cards">
        {classes.map((one) => (
          <ClassCard key={one.resource_class} one={one} now={now} />
        ))}
      </div>
      <Inventory classes={classes.map((one) => one.resource_class)} now={now} />
    </Page>
  );
}

function Page({ children }: { children: preact.ComponentChildren }) {
  return (
    <main>
      <Heading title="Fleet" />
      {children}
    </main>
  );
}
