// Resource classes, the tokens with which runners come in, and those of people.

import { useEffect, useState } from 'preact/hooks';
import { get, kRunner, may, query, remove } from '../net/api';
import { watchFleet } from '../net/live';
import type { FleetStatus, List, ResourceClassItem } from '../net/messages';
import { namespacesOf } from '../model/names';
import { sentence } from '../net/api';
import { Heading, Loading, Name, Problem } from '../parts/basics';
import { Confirm } from '../parts/dialog';
import { NewClass } from '../parts/new_class';
import { kPersonal, ofClass } from '../parts/token_kinds';
import { Tokens } from '../parts/tokens';
import { useLive } from '../parts/use_live';

export function Classes() {
  const [turn, setTurn] = useState(0); // what is changed here is looked at again at once
  const changed = () => setTurn((n) => n + 1);
  const fleet = useLive<FleetStatus>(`fleet ${turn}`, watchFleet);
  const names = fleet.value?.classes.map((one) => one.resource_class);
  const { items, problem } = useClasses(names);
  const said = fleet.problem ?? problem;
  return (
    <main>
      <Heading title="Resource classes" />
      {said && <Problem>{said}</Problem>}
      {!items && !said && <Loading />}
      {items?.length === 0 && <p class="empty">There is no class yet.</p>}
      {items?.map((item) => (
        <Class key={item.id} item={item} onDeleted={changed} />
      ))}
      {items && may('admin') && <NewClass onMade={changed} />}
      {may('admin') && (
        <>
          <h2>Personal tokens</h2>
          <section class="card" aria-label="Personal tokens">
            <p class="quiet">
              With one a person or a program may look (read), run pipelines (run), or change classes, tokens and
              runners as well (admin).
            </p>
            <Tokens kind={kPersonal} />
          </section>
        </>
      )}
    </main>
  );
}

function useClasses(names: string[] | undefined) {
  const [items, setItems] = useState<ResourceClassItem[]>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    if (!names) return undefined;
    const controller = new AbortController();
    const ofNamespace = (namespace: string) =>
      get<List<ResourceClassItem>>(
        `${kRunner}/resource?${query({ namespace })}`,
        controller.signal,
      );
    Promise.all(namespacesOf(names).map(ofNamespace)).then(
      (lists) => {
        setItems(lists.flatMap((list) => list.items));
        setProblem('');
      },
      (error: unknown) => controller.signal.aborted || setProblem(sentence(error)),
    );
    return () => controller.abort();
  }, [names?.join(' ')]);
  return { items, problem };
}

function Class({ item, onDeleted }: { item: ResourceClassItem; onDeleted: () => void }) {
  const [deleting, setDeleting] = useState(false);
  return (
    <section class="card class" aria-label={item.resource_class}>
      <div class="card-head">
        <h2>
          <Name>{item.resource_class}</Name>
        </h2>
        {may('admin') && (
          <button type="button" class="danger" onClick={() => setDeleting(true)}>
            Delete
          </button>
        )}
      </div>
      {item.description && (
        <p>
          <Name>{item.description}</Name>
        </p>
      )}
      <p class="quiet">{requeues(item.max_requeues ?? 0)}</p>
      {may('admin') && <Tokens kind={ofClass(item.resource_class)} />}
      {deleting && (
        <Confirm
          title={`Delete ${item.resource_class}?`}
          action="Delete class and tokens"
          onClose={() => setDeleting(false)}
          work={async () => {
            await remove(`${kRunner}/resource/${encodeURIComponent(item.id)}/force`);
            onDeleted();
          }}
        >
          <p>
            Its tokens are revoked with it, so its runners take no more tasks. It cannot be undone.
          </p>
        </Confirm>
      )}
    </section>
  );
}

function requeues(times: number): string {
  if (times === 0) return 'A task whose runner is lost fails.';
  return `A task whose runner is lost is queued again, ${times === 1 ? 'once' : `${times} times`} at most.`;
}
