// What a scaler has decided about a class, and why: the newest first.

import { useEffect, useState } from 'preact/hooks';
import { get, kMuster, query } from '../net/api';
import type { FleetDecision, List } from '../net/messages';
import { joined, tell, type Told } from '../model/decisions';
import { Ago, Loading, Name, Problem } from './basics';
import { useWork } from './dialog';
import { useAsked } from './use_asked';
import { useSeldom } from './use_live';

const kAtOnce = 20;
const kEveryMs = 30_000;
const kAfterNewsMs = 3_000;

function pathOf(name: string, before?: FleetDecision): string {
  const page = { 'resource-class': name, limit: kAtOnce };
  return `${kMuster}/fleet/decisions?${query(before ? { ...page, before: before.id } : page)}`;
}

// `news` changes when there may be another one.
export function ClassDecisions({ name, news, now }: { name: string; news: string; now: number }) {
  const newest = useAsked<List<FleetDecision>>(pathOf(name), kEveryMs, useSeldom(news, kAfterNewsMs));
  const [items, setItems] = useState<FleetDecision[]>();
  const [all, setAll] = useState(false);
  const take = (list: FleetDecision[], known: FleetDecision[]) => {
    if (list.length < kAtOnce) setAll(true);
    setItems(known);
  };
  useEffect(() => {
    const list = newest.value?.items;
    if (list) take(list, joined(list, items ?? []));
  }, [newest.value]);
  const older = useWork(async () => {
    const known = items ?? [];
    const { items: list } = await get<List<FleetDecision>>(pathOf(name, known.at(-1)));
    take(list, [...known, ...list]);
  });
  const problem = newest.problem ?? older.problem;
  return (
    <section aria-label="Decisions">
      <h2>Decisions</h2>
      {problem && <Problem>{problem}</Problem>}
      {!items && !newest.problem && <Loading />}
      {items?.length === 0 && <p class="quiet">None is known.</p>}
      {items && items.length > 0 && <Log told={tell(items)} now={now} />}
      {items && items.length > 0 && !all && (
        <button type="button" disabled={older.busy} onClick={older.run}>
          More
        </button>
      )}
    </section>
  );
}

function Log({ told, now }: { told: Told[]; now: number }) {
  return (
    <ol class="decisions">
      {told.map(({ decision, desired, saw, did }) => (
        <li key={decision.id}>
          <span class="when quiet">
            <Ago time={decision.at} now={now} />
          </span>
          <span class="what">
            <span class="quiet">desired</span> <b>{desired}</b> · {did}
          </span>
          <span class="why-so">
            {decision.reasons.map((reason, index) => (
              <>
                {index > 0 && '; '}
                <Name>{reason}</Name>
              </>
            ))}{' '}
            <span class="quiet">({saw})</span>
          </span>
        </li>
      ))}
    </ol>
  );
}
