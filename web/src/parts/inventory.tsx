// The runners that have been heard of, what each works on, and how they are told to go.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get, kRunner, may, query } from '../net/api';
import { watchDemand } from '../net/live';
import type { Demand, List, RunnerItem } from '../net/messages';
import { namespacesOf } from '../model/names';
import { rowsOf, type Row, type RunnerState } from '../model/runners';
import { Ago, Loading, Name, Problem, Table } from './basics';
import { RunnerButtons } from './runner_buttons';
import { useLive, useSeen, useSeldom } from './use_live';

const kInventoryEveryMs = 10_000;
const kInventoryAgainMs = 2_000; // after news, at the earliest
const kMostRows = 500;
const kDots: Record<RunnerState, string> = { busy: 'busy', idle: 'good', draining: 'waiting', gone: 'off' };

function useInventory(classes: string[], demand: Demand | undefined) {
  const [items, setItems] = useState<RunnerItem[]>();
  const [turn, setTurn] = useState(0);
  const namespaces = namespacesOf(classes);
  const version = useSeldom(demand?.version, kInventoryAgainMs);
  const seen = useSeen();
  useEffect(() => {
    const timer = setInterval(() => setTurn((n) => n + 1), kInventoryEveryMs);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (!seen || document.hidden) return undefined;
    const controller = new AbortController();
    Promise.all(
      namespaces.map((namespace) =>
        get<List<RunnerItem>>(`${kRunner}?${query({ namespace })}`, controller.signal),
      ),
    ).then(
      (lists) => {
        const wanted = new Set(classes);
        const all = lists.flatMap((list) => list.items);
        setItems(all.filter((item) => wanted.has(item.resource_class)));
      },
      () => undefined, // the next turn may have more luck; whether the server is away is told above
    );
    return () => controller.abort();
  }, [turn, version, seen, classes.join(' ')]);
  return { items, again: () => setTurn((n) => n + 1) };
}

// Of these classes.
export function Inventory({ classes, now }: { classes: string[]; now: number }) {
  const key = classes.join(' ');
  const demand = useLive<Demand>(key, (listener) => watchDemand(classes, listener));
  const { items, again } = useInventory(classes, demand.value);
  return (
    <section>
      <h2>Runners</h2>
      {demand.problem && <Problem>{demand.problem}</Problem>}
      {items === undefined ? (
        <Loading />
      ) : (
        <Runners rows={rowsOf(items, demand.value?.classes, now)} now={now} onChanged={again} />
      )}
    </section>
  );
}

interface RunnersProps {
  rows: Row[];
  now: number;
  onChanged: () => void;
}

function Runners({ rows, now, onChanged }: RunnersProps) {
  const buttons = may('admin');
  if (rows.length === 0) {
    return <p class="quiet">No runner has been heard of lately.</p>;
  }
  const head = ['Name', 'Class', 'State', 'Works on', 'Host', 'Version', 'First contact', 'Last contact'];
  return (
    <>
      <Table
        label="Runners"
        head={[...head, ...(buttons ? ['Change'] : [])].map((word) => <th scope="col">{word}</th>)}
      >
        {rows.slice(0, kMostRows).map((row) => (
          <RunnerRow key={`${row.item.resource_class} ${row.item.name}`} row={row} now={now}>
            {buttons && (
              <td>
                <RunnerButtons row={row} onChanged={onChanged} />
              </td>
            )}
          </RunnerRow>
        ))}
      </Table>
      {rows.length > kMostRows && (
        <p class="quiet">
          {kMostRows} of {rows.length} are shown.
        </p>
      )}
    </>
  );
}

function RunnerRow({ row, now, children }: { row: Row; now: number; children: ComponentChildren }) {
  const { item, task } = row;
  return (
    <tr>
      <th scope="row">
        <Name>{item.name}</Name>
      </th>
      <td>
        <Name>{item.resource_class}</Name>
      </td>
      <td>
        <span class={`dot ${kDots[row.state]}`}>{row.silent ? `${row.state}, silent` : row.state}</span>
      </td>
      <td>
        {task && (
          <a href={`/pipelines/${task.pipeline_number}/jobs/${task.job_number}?slice=${task.index}`}>
            <Name>{task.job}</Name> · {task.pipeline_number}
          </a>
        )}
      </td>
      <td>
        <Name>{item.hostname}</Name>
      </td>
      <td>
        <Name>{item.version}</Name>
      </td>
      <td>
        <Ago time={item.first_connected} now={now} />
      </td>
      <td>
        <Ago time={item.last_connected} now={now} />
      </td>
      {children}
    </tr>
  );
}
