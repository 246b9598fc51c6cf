import { expect, it } from 'vitest';
import type { ClassDemand, RunnerItem } from '../net/messages';
import { rowsOf } from './runners';

const kNow = Date.parse('2026-01-02T03:00:00Z');
const before = (ms: number) => new Date(kNow - ms).toISOString();
const task = { pipeline_number: 7, job_number: 2, job: 'build', index: 0 };

function item(name: string, more: Partial<RunnerItem> = {}): RunnerItem {
  return {
    resource_class: 'a/b', hostname: 'h', name, first_connected: before(60_000), last_connected: before(1_000),
    last_used: before(1_000), version: '1', ip: '', ...more,
  };
}

function demand(...runners: [string, boolean, boolean?][]): ClassDemand[] {
  return [{
    resource_class: 'a/b', unclaimed: 0, running: 0,
    runners: runners.map(([name, busy, draining]) => ({
      name, busy, tasks_claimed: 0, first_connected: before(9), last_connected: before(9),
      ...(draining === undefined ? {} : { draining }),
    })),
  }];
}

const states = (...told: Parameters<typeof rowsOf>) => rowsOf(...told).map((row) => [row.item.name, row.state]);

it('are those of now, the busy ones first', () => {
  const items = [item('gone', { state: 'idle' }), item('idle', { state: 'busy' }), item('busy', { state: 'idle' })];
  expect(states(items, demand(['busy', true], ['idle', false]), kNow)).toEqual([
    ['busy', 'busy'], ['idle', 'idle'], ['gone', 'gone'],
  ]);
  expect(states(items, undefined, kNow)).toEqual([['idle', 'busy'], ['gone', 'idle'], ['busy', 'idle']]);
});

it('that drain say so, whoever tells it', () => {
  const items = [item('asked', { state: 'draining', task }), item('told', { state: 'idle' })];
  const rows = rowsOf(items, demand(['asked', true], ['told', false, true]), kNow);
  expect(rows.map((row) => [row.state, row.busy])).toEqual([['draining', true], ['draining', false]]);
});

it('that are busy and silent are told of', () => {
  const items = [item('mute', { last_connected: before(31_000) }), item('well')];
  const rows = rowsOf(items, demand(['mute', true], ['well', true]), kNow);
  expect(Object.fromEntries(rows.map((row) => [row.item.name, row.silent]))).toEqual({ mute: true, well: false });
});

it('that have ended their task show none', () => {
  expect(rowsOf([item('r', { state: 'busy', task })], demand(['r', false]), kNow)[0]?.task).toBeUndefined();
  expect(rowsOf([item('r', { state: 'busy', task })], demand(['r', true]), kNow)[0]?.task).toEqual(task);
});
