// How a class was: what the chart draws, and the same in words. Pure.

import type { ClassStatus, FleetHistory, FleetPoint } from '../net/messages';
import { parse } from './times';

export const kSpans = ['hour', 'day', 'week', 'month'] as const;
export type Span = (typeof kSpans)[number];

const kHourMs = 3_600_000;
export const kSpanMs: Record<Span, number> = {
  hour: kHourMs,
  day: 24 * kHourMs,
  week: 7 * 24 * kHourMs,
  month: 30 * 24 * kHourMs,
};

// What has a line of its own, in the order of the legend.
export const kLines = ['queue', 'desired', 'actual', 'busy'] as const;
export type Line = (typeof kLines)[number];
export type Values = Record<Line, number>;

export function valuesOf(point: FleetPoint): Values {
  return { queue: point.queue, desired: point.desired, actual: point.live, busy: point.busy };
}

// As it is now; nothing if the scaler is silent.
export function valuesNow(one: ClassStatus | undefined): Values | undefined {
  if (!one?.fleet) return undefined;
  const { desired, live, busy } = one.fleet;
  return { queue: one.unclaimed, desired, actual: live, busy };
}

// The lines as steps, with holes where nothing is known. Times rise strictly.
export interface Columns {
  times: number[]; // ms
  values: (Values | null)[];
}

interface Step {
  begin: number;
  end: number;
  values: Values;
}

function stepsOf(history: FleetHistory, now: number): Step[] {
  const steps: Step[] = [];
  for (const point of history.points) {
    const begin = parse(point.at);
    if (begin === undefined || begin >= now || begin <= (steps.at(-1)?.begin ?? -Infinity)) continue;
    steps.push({ begin, end: Math.min(begin + history.step_ms, now), values: valuesOf(point) });
  }
  return steps;
}

export function columnsOf(history: FleetHistory, live: Values | undefined, now: number): Columns {
  const times: number[] = [];
  const values: Columns['values'] = [];
  const add = (time: number, value: Values | null) => {
    times.push(time);
    values.push(value);
  };
  const steps = stepsOf(history, now);
  steps.forEach((step, index) => {
    add(step.begin, step.values);
    const next = steps[index + 1]?.begin ?? (live ? now : Infinity);
    if (next - step.end < history.step_ms / 2) return; // it lasts until the next
    add(step.end, step.values);
    if (next > step.end + 1) add(step.end + 1, null);
  });
  if (live) add(now, live);
  return { times, values };
}

// --- In words -------------------------------------------------------------------------------

export interface Stretch extends Values {
  from: number;
  to: number;
}

// The latest first; neighbours that are alike are one.
export function stretchesOf(history: FleetHistory, now: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { begin, end, values } of stepsOf(history, now)) {
    const last = stretches.at(-1);
    const alike = last && kLines.every((line) => last[line] === values[line]);
    if (alike && begin - last.to < history.step_ms / 2) last.to = end;
    else stretches.push({ ...values, from: begin, to: end });
  }
  return stretches.reverse();
}

function most(points: FleetPoint[], of: (point: FleetPoint) => number): number {
  return points.reduce((largest, point) => Math.max(largest, of(point)), 0);
}

export function summaryOf(history: FleetHistory, live: Values | undefined, span: Span): string {
  const { points } = history;
  if (points.length === 0) return `Nothing is known of the last ${span}.`;
  const peaks =
    `In the last ${span} at most ${most(points, (point) => point.queue)} waited, ` +
    `${most(points, (point) => point.live)} instances were there, and ` +
    `${most(points, (point) => point.busy)} were busy.`;
  if (!live) return peaks;
  return `Now the queue is ${live.queue}; desired ${live.desired}, actual ${live.actual}, busy ${live.busy}. ${peaks}`;
}
