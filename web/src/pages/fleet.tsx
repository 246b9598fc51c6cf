// Who works: each class with its queue and its machines, and each runner.

import { useEffect, useState } from 'preact/hooks';
import { get, kRunner, query } from '../net/api';
import { watchDemand, watchFleet } from '../net/live';
import type { ClassDemand, ClassStatus, Demand, FleetStatus, List, RunnerItem } from '../net/messages';
import { scalerTrouble } from '../model/waiting';
import { currentTasks, type CurrentTask } from '../net/current_tasks';
import { namespacesOf } from '../model/names';
import { parse, roughly } from '../model/times';
import { Ago, Heading, Loading, Name, Problem, Table, useNow } from '../parts/basics';
import { FirstSteps } from '../parts/first_steps';
import { useLive, useSeen, useSeldom } from '../parts/use_live';

const kSilentMs = 30_000; // a busy runner is heard of more often
const kInventoryEveryMs = 10_000;
const kInventoryAgainMs = 2_000; // after news, at the earliest
const kTasksAgainMs = 5_000;

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

// --- Classes --------------------------------------------------------------------------------

function Figure({ label, value, strong }: { label: string; value: number; strong?: boolean }) {
  return (
    <div class={strong && value > 0 ? 'figure strong' : value === 0 ? 'figure none' : 'figure'}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

export function ClassCard({ one, now }: { one: ClassStatus; now: number }) {
  const trouble = scalerTrouble(one, now);
  const { fleet } = one;
  return (
    <section class="card" aria-label={one.resource_class}>
      <h2>
        <Name>{one.resource_class}</Name>
      </h2>
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
      {trouble ? (
        <p class={fleet ? 'note warn' : 'note'}>
          Scaler: {trouble}
          {fleet && '. What it said then is not shown'}.
        </p>
      ) : (
        <Reasons one={one} now={now} />
      )}
    </section>
  );
}

// How much of the limit there is, and of which kind.
function Meter({ fleet }: { fleet: NonNullable<ClassStatus['fleet']> }) {
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

function Reasons({ one, now }: { one: ClassStatus; now: number }) {
  const reported = parse(one.reported_at);
  return (
    <div class="reasons">
      <ul>
        {one.fleet?.reasons.map((reason) => (
          <li>
            <Name>{reason}</Name>
          </li>
        ))}
      </ul>
      {reported !== undefined && (
        <p class="quiet">Decided {roughly(Math.max(0, now - reported))} ago</p>
      )}
    </div>
  );
}

// --- Runners --------------------------------------------------------------------------------

interface Row {
  item: RunnerItem;
  busy: boolean;
  there: boolean;
  task?: CurrentTask;
}

function useInventory(classes: string[], demand: Demand | undefined): RunnerItem[] | undefined {
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
      (lists) => setItems(lists.flatMap((list) => list.items)),
      () => undefined, // the next turn may have more luck; whether the server is away is told above
    );
    return () => controller.abort();
  }, [turn, version, seen, namespaces.join(' ')]);
  return items;
}

function useCurrentTasks(demand: Demand | undefined): Map<string, CurrentTask> {
  const [tasks, setTasks] = useState(new Map<string, CurrentTask>());
  const busy = demand?.classes.some((one) => one.runners.some((runner) => runner.busy)) ?? false;
  const version = useSeldom(demand?.version, kTasksAgainMs);
  const seen = useSeen();
  useEffect(() => {
    if (!busy || !seen || document.hidden) return undefined;
    const controller = new AbortController();
    currentTasks(controller.signal).then(setTasks, () => undefined);
    return () => controller.abort();
  }, [version, busy, seen]);
  return tasks;
}

function Inventory({ classes, now }: { classes: string[]; now: number }) {
  const key = classes.join(' ');
  const demand = useLive<Demand>(key, (listener) => watchDemand(classes, listener));
  const items = useInventory(classes, demand.value);
  const tasks = useCurrentTasks(demand.value);
  return (
    <section>
      <h2>Runners</h2>
      {demand.problem && <Problem>{demand.problem}</Problem>}
      {items === undefined ? (
        <Loading />
      ) : (
        <Runners items={items} demand={demand.value?.classes ?? []} tasks={tasks} now={now} />
      )}
    </section>
  );
}

interface RunnersProps {
  items: RunnerItem[];
  demand: ClassDemand[];
  tasks: Map<string, CurrentTask>;
  now: number;
}

const kMostRows = 500;

function rowsOf({ items, demand, tasks }: RunnersProps): Row[] {
  const active = new Map(
    demand.flatMap((one) => one.runners.map((r) => [`${one.resource_class} ${r.name}`, r] as const)),
  );
  const rows = items.map((item): Row => {
    const runner = active.get(`${item.resource_class} ${item.name}`);
    const task = runner?.busy ? tasks.get(`${item.resource_class} ${item.name}`) : undefined;
    const row = { item, busy: runner?.busy ?? false, there: runner !== undefined };
    return task ? { ...row, task } : row;
  });
  const rank = (row: Row) => (row.busy ? 0 : row.there ? 1 : 2);
  return rows.sort(
    (one, other) =>
      rank(one) - rank(other) || (one.item.last_connected < other.item.last_connected ? 1 : -1),
  );
}

function Runners(props: RunnersProps) {
  const rows = rowsOf(props);
  if (rows.length === 0) {
    return <p class="quiet">No runner has been heard of lately.</p>;
  }
  return (
    <>
      <Table
        label="Runners"
        head={['Name', 'Class', 'State', 'Works on', 'Host', 'Version', 'First contact', 'Last contact'].map(
          (word) => <th scope="col">{word}</th>,
        )}
      >
        {rows.slice(0, kMostRows).map((row) => (
          <RunnerRow key={`${row.item.resource_class} ${row.item.name}`} row={row} now={props.now} />
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

function RunnerRow({ row, now }: { row: Row; now: number }) {
  const { item, task } = row;
  const silent = now - (parse(item.last_connected) ?? now) > kSilentMs;
  return (
    <tr>
      <th scope="row">
        <Name>{item.name}</Name>
      </th>
      <td>
        <Name>{item.resource_class}</Name>
      </td>
      <td>
        <RunnerState row={row} silent={silent} />
      </td>
      <td>
        {task && (
          <a href={task.path}>
            <Name>{task.job}</Name>
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
    </tr>
  );
}

function RunnerState({ row, silent }: { row: Row; silent: boolean }) {
  if (row.busy && silent) return <span class="dot bad">busy, silent</span>;
  if (row.busy) return <span class="dot busy">busy</span>;
  return row.there ? <span class="dot good">idle</span> : <span class="dot off">gone</span>;
}
