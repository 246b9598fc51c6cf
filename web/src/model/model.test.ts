import { describe, expect, it } from 'vitest';
import type { ClassDemand, ClassStatus, JobStatus } from '../net/messages';
import { agentConfig } from './agent_config';
import { namespacesOf } from './names';
import { isOver, lookOf, wordOf } from './states';
import { ago, between, duration, span } from './times';
import { delaysOf, whyBlocked, whyQueued } from './waiting';

const kNow = Date.parse('2026-01-02T03:04:05Z');
const before = (ms: number) => new Date(kNow - ms).toISOString();

it.each([
  [-5, '0 s'],
  [NaN, '0 s'],
  [340.5, '340 ms'],
  [1_250, '1.2 s'],
  [9_990, '9.9 s'],
  [42_800, '42 s'],
  [60_000, '1 min'],
  [192_000, '3 min 12 s'],
  [7_500_000, '2 h 5 min'],
  [90_000_000, '1 d 1 h'],
])('%d ms are %s', (ms, words) => expect(duration(ms)).toBe(words));

it.each([
  [before(200), 'just now'],
  [before(59_000), '59 s ago'],
  [before(3_700_000), '1 h ago'],
  [before(-90_000), 'just now'],
  ['nonsense', 'never'],
  [undefined, 'never'],
])('%s was %s', (time, words) => expect(ago(time, kNow)).toBe(words));

it('what has no end goes on', () => {
  expect(between(before(5_000), undefined, kNow)).toBe(5_000);
  expect(between(undefined, before(1_000), kNow)).toBeUndefined();
  expect(between(before(-9_000), undefined, kNow)).toBe(0);
});

it('several take from the first begin to the last end', () => {
  const parts = [
    { started_at: before(9_000), ended_at: before(7_000) },
    { started_at: before(8_000), ended_at: before(2_000) },
    {},
  ];
  expect(span(parts, kNow)).toBe(7_000);
  expect(span([...parts, { started_at: before(1_000) }], kNow)).toBe(9_000);
  expect(span([{}], kNow)).toBeUndefined();
});

it('a state that nobody knows is shown as it is', () => {
  expect([wordOf('odd'), lookOf('odd'), isOver('odd')]).toEqual(['odd', 'off', true]);
});

it('each namespace once', () => {
  expect(namespacesOf(['b/x', 'a/x', 'b/y'])).toEqual(['a', 'b']);
});

it('the agent reads its file as YAML', () => {
  expect(agentConfig('https://ci.example', 'muc_x')).toBe(
    'api:\n  url: "https://ci.example"\n  auth_token: "muc_x"\n',
  );
});

describe('why a job waits', () => {
  const job = (name: string, state: string, requires: string[] = []): JobStatus => ({
    id: name, number: 1, name, state, resource_class: 'local/small', requires, tasks: [],
  });
  const jobs = [job('lint', 'success'), job('test', 'running'), job('deploy', 'blocked', ['lint', 'test'])];
  const deploy = jobs[2]!;

  it('names the jobs that are to come before it', () => {
    expect(whyBlocked(deploy, jobs, kNow)).toEqual(['Waits for test.']);
    const expected = { ...deploy, expected_at: before(-125_000) };
    expect(whyBlocked(expected, jobs, kNow)[1]).toBe('Should be queued in about 2 min.');
    expect(whyBlocked({ ...deploy, expected_at: before(1) }, jobs, kNow)[1]).toBe('Should be queued any moment.');
  });

  const runner = (busy: boolean) => ({
    name: 'r', busy, tasks_claimed: 1, first_connected: before(9), last_connected: before(9),
  });
  const demand = (...busy: boolean[]): ClassDemand => ({
    resource_class: 'local/small', unclaimed: 1, running: 0, runners: busy.map(runner),
  });
  const status = (reportedMsAgo?: number): ClassStatus => ({
    resource_class: 'local/small',
    unclaimed: 3,
    running: 0,
    ...(reportedMsAgo === undefined
      ? {}
      : {
          reported_at: before(reportedMsAgo),
          fleet: {
            resource_class: 'local/small', desired: 2, live: 1, booting: 1, idle: 0, busy: 0,
            draining: 0, min: 0, max: 4, reasons: ['3 tasks wait'],
          },
        }),
  });

  it.each([
    [[], 'No runner of local/small is connected.'],
    [[true], 'The one runner of local/small is busy.'],
    [[true, true], 'All 2 runners of local/small are busy.'],
    [[true, false], '1 runner of local/small can take it now.'],
  ])('with runners that are busy: %j', (busy, sentence) => {
    expect(whyQueued(undefined, demand(...busy), kNow)).toEqual([sentence]);
  });

  it('counts nobody who takes no task any more', () => {
    const [busy, idle] = demand(true, false).runners;
    const gone = { ...idle!, last_connected: before(61_000) };
    const drained = { ...idle!, draining: true };
    const last = { ...busy!, draining: true };
    const of = (...runners: ClassDemand['runners']) => whyQueued(undefined, { ...demand(), runners }, kNow)[0];
    expect(of(gone, drained, last)).toBe('No runner of local/small is connected.');
    expect(of(gone, busy!)).toBe('The one runner of local/small is busy.');
    expect(of(drained, idle!)).toBe('1 runner of local/small can take it now.');
  });

  it('says what the scaler says, while that is fresh', () => {
    expect(whyQueued(status(10_000), undefined, kNow)).toEqual([
      '3 tasks of the class wait.', '1 instance is booting.', 'The scaler says: 3 tasks wait.',
    ]);
    expect(whyQueued(status(45_000), undefined, kNow)[1]).toBe(
      'Nobody starts runners of the class: no report for 45 s.',
    );
    expect(whyQueued(status(), undefined, kNow)[1]).toBe(
      'Nobody starts runners of the class: no scaler has reported.',
    );
  });

  it('says since when one boots, what limits, and until when none is launched', () => {
    const one = status(1_000);
    one.fleet = {
      ...one.fleet!,
      booting_since: before(40_000),
      backoff_until: before(-120_000),
      limited_by: 'the maximum is 4',
      reasons: ['3 tasks wait', 'the maximum is 4'],
    };
    expect(whyQueued(one, undefined, kNow).slice(1)).toEqual([
      '1 instance is booting, for 40 s so far.',
      'Limit in force (at most 4): the maximum is 4.',
      'Back-off after failed boots: none is launched for another 2 min.',
      'The scaler says: 3 tasks wait.',
    ]);
    one.fleet = { ...one.fleet, booting: 2, backoff_until: before(1), limited_by: '\u202e' };
    expect(delaysOf(one.fleet, kNow)).toEqual([
      '2 instances are booting, the first for 40 s so far.', 'Limit in force (at most 4): ‹202E›.',
    ]);
  });
});
