// A class as it is now: its queue, its instances, and what its scaler says.

import type { ClassFleet, ClassStatus } from '../net/messages';
import { parse, roughly } from '../model/times';
import { delaysOf, otherReasons, scalerTrouble } from '../model/waiting';
import { classPath } from '../routes';
import { Name } from './basics';

export function ClassCard({ one, now }: { one: ClassStatus; now: number }) {
  return (
    <section class="card" aria-label={one.resource_class}>
      <h2>
        <a href={classPath(one.resource_class)}>
          <Name>{one.resource_class}</Name>
        </a>
      </h2>
      <ClassNow one={one} now={now} />
    </section>
  );
}

export function ClassNow({ one, now }: { one: ClassStatus; now: number }) {
  const trouble = scalerTrouble(one, now);
  const { fleet } = one;
  return (
    <>
      <dl class="figures">
        <Figure label="waiting" value={one.unclaimed} strong />
        <Figure label="running" value={one.running} />
        {fleet && !trouble && (
          <>
            <Figure label="desired" value={fleet.desired} />
            <Figure label="booting" value={fleet.booting} />
            <Figure label="idle" value={fleet.idle} />
            <Figure label="busy" value={fleet.busy} />
            <Figure label="draining" value={fleet.draining} />
          </>
        )}
      </dl>
      {fleet && !trouble && <Meter fleet={fleet} />}
      {trouble || !fleet ? (
        <p class={fleet ? 'note warn' : 'note'}>
          Scaler: {trouble}
          {fleet && '. What it said then is not shown'}.
        </p>
      ) : (
        <Reasons fleet={fleet} reportedAt={parse(one.reported_at)} now={now} />
      )}
    </>
  );
}

function Figure({ label, value, strong }: { label: string; value: number; strong?: boolean }) {
  return (
    <div class={strong && value > 0 ? 'figure strong' : value === 0 ? 'figure none' : 'figure'}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

// How much of the limit there is, and of which kind.
function Meter({ fleet }: { fleet: ClassFleet }) {
  const whole = Math.max(fleet.max, fleet.live, 1);
  const share = (number: number) => ({ width: `${(100 * number) / whole}%` });
  const words = `${fleet.live} of at most ${fleet.max}`;
  return (
    <div class="meter">
      <div class="bar" role="img" aria-label={`Instances: ${words}`}>
        <span class="busy" style={share(fleet.busy)} />
        <span class="idle" style={share(fleet.idle)} />
        <span class="booting" style={share(fleet.booting)} />
        <span class="draining" style={share(fleet.draining)} />
      </div>
      <p class="quiet">
        {words}
        {fleet.min > 0 && `, at least ${fleet.min}`}
      </p>
    </div>
  );
}

interface ReasonsProps {
  fleet: ClassFleet;
  reportedAt: number | undefined;
  now: number;
}

function Reasons({ fleet, reportedAt, now }: ReasonsProps) {
  return (
    <div class="reasons">
      <ul>
        {delaysOf(fleet, now).map((delay) => (
          <li>{delay}</li>
        ))}
        {otherReasons(fleet).map((reason) => (
          <li>
            <Name>{reason}</Name>
          </li>
        ))}
      </ul>
      {reportedAt !== undefined && (
        <p class="quiet">Reported {roughly(Math.max(0, now - reportedAt))} ago</p>
      )}
    </div>
  );
}
