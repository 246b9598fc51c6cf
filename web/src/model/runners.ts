// The runners as the inventory shows them. Pure.

import type { ClassDemand, RunnerItem, RunnerTask } from '../net/messages';
import { parse } from './times';

export type RunnerState = 'busy' | 'idle' | 'draining' | 'gone';

const kSilentMs = 30_000; // one that is busy is heard of more often

export interface Row {
  item: RunnerItem;
  state: RunnerState;
  busy: boolean; // also of one that drains
  silent: boolean; // busy, and not heard of
  task?: RunnerTask;
}

function rowOf(item: RunnerItem, demand: ClassDemand | undefined, now: number): Row {
  // What is told as it changes counts more than what was asked for some seconds ago.
  const active = demand?.runners.find((runner) => runner.name === item.name);
  const busy = active ? active.busy : item.state === 'busy' || item.task !== undefined;
  const draining = item.state === 'draining' || active?.draining === true;
  const there = demand ? active !== undefined : item.state === 'idle';
  const state = draining ? 'draining' : busy ? 'busy' : there ? 'idle' : 'gone';
  const silent = busy && now - (parse(item.last_connected) ?? now) > kSilentMs;
  const row = { item, state, busy, silent } as const;
  return busy && item.task ? { ...row, task: item.task } : row;
}

const kRank: Record<RunnerState, number> = { busy: 0, draining: 1, idle: 2, gone: 3 };

// The busy ones first, of each kind the one that was heard of last.
export function rowsOf(items: RunnerItem[], demand: ClassDemand[] | undefined, now: number): Row[] {
  const classes = new Map(demand?.map((one) => [one.resource_class, one]));
  return items
    .map((item) => rowOf(item, classes.get(item.resource_class), now))
    .sort(
      (one, other) =>
        kRank[one.state] - kRank[other.state] ||
        (parse(other.item.last_connected) ?? 0) - (parse(one.item.last_connected) ?? 0),
    );
}
