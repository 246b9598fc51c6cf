// Why a job does not run yet, in sentences. Pure.

import type { ClassDemand, ClassFleet, ClassStatus, JobStatus, RunnerActivity } from '../net/messages';
import { visible } from '../text/visible';
import { parse, roughly } from './times';

export const kScalerSilenceMs = 30_000; // then its last report says nothing about now

// Why the scaler's figures are not those of now; nothing if they are.
export function scalerTrouble(one: ClassStatus, now: number): string | undefined {
  if (!one.fleet) return 'no scaler has reported';
  const silence = now - (parse(one.reported_at) ?? 0);
  return silence >= kScalerSilenceMs ? `no report for ${roughly(silence)}` : undefined;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

// One that waits for a task is heard of every 25 seconds; after longer it has probably ended.
const kSilentMs = 60_000;

// A runner that takes a task, now or after the one that it has.
function serves(runner: RunnerActivity, now: number): boolean {
  const heard = parse(runner.last_connected) ?? now;
  return !runner.draining && (runner.busy || now - heard < kSilentMs);
}

function aboutRunners(demand: ClassDemand, now: number): string {
  const name = visible(demand.resource_class);
  const there = demand.runners.filter((runner) => serves(runner, now));
  const all = there.length;
  if (all === 0) return `No runner of ${name} is connected.`;
  const busy = there.filter((runner) => runner.busy).length;
  if (busy < all) return `${count(all - busy, 'runner')} of ${name} can take it now.`;
  return all === 1 ? `The one runner of ${name} is busy.` : `All ${all} runners of ${name} are busy.`;
}

// What holds the class up, beside the reasons of the decision.
export function delaysOf(fleet: ClassFleet, now: number): string[] {
  const said: string[] = [];
  const since = parse(fleet.booting_since);
  if (fleet.booting > 0) {
    const booting = `${count(fleet.booting, 'instance')} ${fleet.booting === 1 ? 'is' : 'are'} booting`;
    const first = fleet.booting === 1 ? '' : 'the first ';
    said.push(since === undefined ? `${booting}.` : `${booting}, ${first}for ${roughly(now - since)} so far.`);
  }
  if (fleet.limited_by) {
    said.push(`Limit in force (at most ${fleet.max}): ${visible(fleet.limited_by)}.`);
  }
  const until = parse(fleet.backoff_until);
  if (until !== undefined && until > now) {
    said.push(`Back-off after failed boots: none is launched for another ${roughly(until - now)}.`);
  }
  return said;
}

// Of the latest decision, but for the one that is said as the limit.
export function otherReasons(fleet: ClassFleet): string[] {
  return fleet.reasons.filter((reason) => reason !== fleet.limited_by);
}

function aboutScaler(one: ClassStatus, now: number): string[] {
  const trouble = scalerTrouble(one, now);
  if (trouble || !one.fleet) {
    return [`Nobody starts runners of the class: ${trouble ?? ''}.`];
  }
  const said = delaysOf(one.fleet, now);
  const reasons = otherReasons(one.fleet).map((reason) => visible(reason));
  if (reasons.length > 0) said.push(`The scaler says: ${reasons.join('; ')}.`);
  return said;
}

export function whyBlocked(job: JobStatus, jobs: JobStatus[], now: number): string[] {
  const state = new Map(jobs.map((other) => [other.name, other.state]));
  const open = job.requires.filter((name) => state.get(name) !== 'success');
  const said = open.length > 0 ? [`Waits for ${open.map((name) => visible(name)).join(', ')}.`] : [];
  const expected = parse(job.expected_at);
  if (expected !== undefined) {
    const left = expected - now;
    said.push(left > 0 ? `Should be queued in about ${roughly(left)}.` : 'Should be queued any moment.');
  }
  return said;
}

export function whyQueued(
  one: ClassStatus | undefined,
  demand: ClassDemand | undefined,
  now: number,
): string[] {
  const said: string[] = [];
  if (demand) said.push(aboutRunners(demand, now));
  if (one && one.unclaimed > 1) said.push(`${one.unclaimed} tasks of the class wait.`);
  if (one) said.push(...aboutScaler(one, now));
  return said;
}
