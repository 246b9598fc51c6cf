import { describe, expect, it } from 'vitest';
import type { FleetDecision, FleetHistory, FleetPoint } from '../net/messages';
import { costFacts } from './cost';
import { joined, tell } from './decisions';
import { columnsOf, stretchesOf, summaryOf } from './history';

const kNow = Date.parse('2026-01-02T03:00:00Z');
const kStep = 10_000;
const values = (number: number) => ({ queue: number, desired: number, actual: number, busy: number });

function point(msAgo: number, number: number): FleetPoint {
  return {
    at: new Date(kNow - msAgo).toISOString(),
    queue: number, running: number, desired: number, live: number, busy: number, booting: 0, idle: 0,
  };
}

function history(...points: FleetPoint[]): FleetHistory {
  const totals = { instance_ms: 0, booting_ms: 0, idle_ms: 0, busy_ms: 0, tasks: 0 };
  return { resource_class: 'a/b', span: 'hour', step_ms: kStep, points, totals };
}

describe('the lines', () => {
  it('end with how it is now', () => {
    const { times, values: told } = columnsOf(history(point(15_000, 1), point(5_000, 2)), values(9), kNow);
    expect(times.map((time) => kNow - time)).toEqual([15_000, 5_000, 0]);
    expect(told).toEqual([values(1), values(2), values(9)]);
  });

  it('have a hole where nothing is known', () => {
    const { times, values: told } = columnsOf(history(point(60_000, 1), point(20_000, 2)), undefined, kNow);
    expect(times.map((time) => kNow - time)).toEqual([60_000, 50_000, 49_999, 20_000, 10_000, 9_999]);
    expect(told).toEqual([values(1), values(1), null, values(2), values(2), null]);
  });

  it('rise in time, whatever is told', () => {
    const odd = history(point(5_000, 1), point(5_000, 2), point(20_000, 3), point(-5_000, 4));
    odd.points.push({ ...point(0, 5), at: 'nonsense' });
    const { times } = columnsOf(odd, values(9), kNow);
    expect(times).toEqual([...new Set(times)].sort((one, other) => one - other));
    expect(times.at(-1)).toBe(kNow);
  });
});

it('neighbours that are alike are one row, and a hole parts them', () => {
  const told = stretchesOf(history(point(60_000, 1), point(50_000, 1), point(20_000, 1), point(10_000, 2)), kNow);
  expect(told.map((one) => [kNow - one.from, kNow - one.to, one.queue])).toEqual([
    [10_000, 0, 2], [20_000, 10_000, 1], [60_000, 40_000, 1],
  ]);
});

it('the chart in words', () => {
  expect(summaryOf(history(), values(1), 'day')).toBe('Nothing is known of the last day.');
  const peaks = 'In the last day at most 7 waited, 7 instances were there, and 7 were busy.';
  const told = history(point(20_000, 7), point(10_000, 2));
  expect(summaryOf(told, undefined, 'day')).toBe(peaks);
  expect(summaryOf(told, values(2), 'day')).toBe(
    `Now the queue is 2; desired 2, actual 2, busy 2. ${peaks}`,
  );
});

describe('what it has cost', () => {
  const totals = { instance_ms: 7_200_000, booting_ms: 720_000, idle_ms: 1_800_000, busy_ms: 0, tasks: 10 };
  const facts = (more: object) =>
    Object.fromEntries(costFacts({ ...totals, ...more }).map(({ name, value }) => [name, value]));

  it('in money, if a price is known', () => {
    expect(facts({ cost: 3.456, currency: 'EUR' })).toEqual({
      Cost: '3.46 EUR', 'Instance-hours': '2.00', 'Idle share': '25 %', 'Booting share': '10 %',
      'Jobs ended': '10', 'Cost per job': '0.3456 EUR',
    });
    expect(facts({ cost: 1, currency: '\u202e$' })['Cost']).toBe('1.00 ‹202E›$');
  });

  it('in time, if none is', () => {
    expect(facts({})).toMatchObject({ 'Instance-hours': '2.00', 'Instance-minutes per job': '12.0' });
    expect(facts({})['Cost']).toBeUndefined();
  });

  it('of nothing', () => {
    expect(facts({ instance_ms: 0, tasks: 0, cost: 0 })).toMatchObject({
      Cost: '0.00 USD', 'Idle share': '–', 'Cost per job': '–',
    });
  });
});

describe('decisions', () => {
  const decision = (id: number, desired: number, more: object = {}): FleetDecision => ({
    id, at: new Date(kNow).toISOString(), desired, live: 1, unclaimed: 3, running: 2,
    launch: 0, drain: 0, end: 0, withdraw: 0, reasons: [], ...more,
  });

  it('in words', () => {
    const told = tell([decision(3, 4, { launch: 2, end: 1 }), decision(2, 2), decision(1, 2)]);
    expect(told.map((one) => one.desired)).toEqual(['2 → 4', '2', '2']);
    expect(told.map((one) => one.did)).toEqual(['launches 2, ends 1', 'does nothing', 'does nothing']);
    expect(told[0]?.saw).toBe('3 wait, 2 run, 1 there');
  });

  it('are each shown once, and without a hole', () => {
    const ids = (list: FleetDecision[]) => list.map((one) => one.id);
    const earlier = [decision(2, 1), decision(1, 1)];
    expect(ids(joined([decision(3, 1), decision(2, 1)], earlier))).toEqual([3, 2, 1]);
    expect(ids(joined([decision(9, 1), decision(8, 1)], earlier))).toEqual([9, 8]);
    expect(ids(joined([], earlier))).toEqual([]);
  });
});
