import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { away, followOutput, watchDemand, type Stop } from './live';
import type { Demand } from './messages';

const screen = Object.assign(new EventTarget(), { hidden: false });
const stops: Stop[] = [];
let asked: string[] = [];
let answer: (url: URL) => { afterMs: number; response: Response };

function fetchAsTold(path: string, init: RequestInit): Promise<Response> {
  asked.push(path);
  return new Promise((resolve, reject) => {
    const { afterMs, response } = answer(new URL(path, 'http://any'));
    const timer = setTimeout(() => resolve(response), afterMs);
    init.signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('aborted', 'AbortError'));
    });
  });
}

function hide(hidden: boolean): void {
  screen.hidden = hidden;
  screen.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', screen);
  vi.stubGlobal('fetch', fetchAsTold);
  asked = [];
  away.set(null);
});

afterEach(async () => {
  hide(false);
  for (const stop of stops.splice(0)) stop();
  await vi.advanceTimersByTimeAsync(0);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

// --- Output ---------------------------------------------------------------------------------

const nothingNew = (afterMs: number) => () => ({ afterMs, response: new Response(null, { status: 204 }) });

function follow(task: string): void {
  const listener = { bytes: () => undefined, ended: () => undefined, failed: () => undefined };
  stops.push(followOutput(task, 0, 0, listener));
}

const askedOf = (task: string) => asked.filter((path) => path.includes(`/tasks/${task}/`)).length;

test('who waits long for its turn is not taken for one whom the server does not answer', async () => {
  const kMany = 24; // two at a time, each for 5 s: a minute for all
  const told: unknown[] = [];
  const unsubscribe = away.subscribe(() => told.push(away.get()));
  answer = nothingNew(5_000);
  for (let task = 0; task < kMany; task += 1) follow(`t${task}`);
  await vi.advanceTimersByTimeAsync(150_000);
  unsubscribe();
  expect(told).toEqual([]);
  for (let task = 0; task < kMany; task += 1) expect(askedOf(`t${task}`)).toBeGreaterThanOrEqual(2);
});

test('who is not answered once it is its turn is told so', async () => {
  answer = nothingNew(1e9);
  follow('a');
  await vi.advanceTimersByTimeAsync(39_000);
  expect(away.get()).toBeNull();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(away.get()).not.toBeNull();
});

test('who stops while it waits asks for nothing, and its turn is the next one’s', async () => {
  answer = nothingNew(5_000);
  for (const task of ['a', 'b', 'c', 'd']) follow(task);
  await vi.advanceTimersByTimeAsync(1_000);
  stops[2]!();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(askedOf('c')).toBe(0);
  expect(askedOf('d')).toBe(1);
});

test('whose turn comes while nobody looks asks once somebody does', async () => {
  answer = nothingNew(5_000);
  for (const task of ['a', 'b', 'c']) follow(task);
  await vi.advanceTimersByTimeAsync(1_000);
  hide(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(askedOf('c')).toBe(0);
  hide(false);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(askedOf('c')).toBe(1);
});

// --- Demand ---------------------------------------------------------------------------------

const kLongestName = 200;
const named = (count: number) =>
  Array.from({ length: count }, (_, n) => `namespace/${n}:`.padEnd(kLongestName, '+'));

// The server's part: a version for what the part has, and an answer that is held while it is known.
function demandOf(unclaimed: Map<string, number>) {
  return (url: URL) => {
    const classes = url.searchParams.getAll('resource-class').map((name) => ({
      resource_class: name,
      unclaimed: unclaimed.get(name) ?? 0,
      running: 0,
      runners: [],
    }));
    const version = String(classes.reduce((sum, one) => sum + one.unclaimed, 0));
    const known = url.searchParams.get('seen') === version;
    const response = new Response(JSON.stringify({ version, classes }));
    return { afterMs: known ? Number(url.searchParams.get('wait_ms')) : 0, response };
  };
}

async function watched(classes: string[], ms: number): Promise<Demand[]> {
  const told: Demand[] = [];
  const failed = (message: string) => expect.unreachable(message);
  stops.push(watchDemand(classes, { value: (value) => told.push(value), failed }));
  await vi.advanceTimersByTimeAsync(ms);
  return told;
}

test('a few classes are asked for in one request, which is held', async () => {
  answer = demandOf(new Map());
  const told = await watched(['local/a', 'local/b'], 24_000);
  expect(told.map((one) => one.classes.map((each) => each.resource_class))).toEqual([['local/a', 'local/b']]);
  expect(asked.length).toBe(2);
  expect(asked[1]).toContain('wait_ms=25000');
});

test('of very many classes each request has so many as fit into it', async () => {
  const unclaimed = new Map<string, number>();
  answer = demandOf(unclaimed);
  for (const classes of [named(1_000), Array.from({ length: 1_000 }, (_, n) => `l/${n}`)]) {
    asked = [];
    const told = await watched(classes, 1_000);
    expect(told.map((one) => one.classes.map((each) => each.resource_class))).toEqual([classes]);
    for (const path of asked) {
      expect(path.length).toBeLessThan(10_000);
      expect(path.split('resource-class=').length - 1).toBeLessThanOrEqual(100);
    }
    stops.pop()!();
  }
});

test('what is new of any part is told with all the others', async () => {
  const classes = Array.from({ length: 250 }, (_, n) => `l/${n}`);
  const unclaimed = new Map([['l/0', 1]]);
  answer = demandOf(unclaimed);
  const told = await watched(classes, 1_000);
  unclaimed.set('l/249', 7);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(told.length).toBe(2);
  const latest = told[1]!.classes;
  expect(latest.length).toBe(250);
  expect([latest[0]!.unclaimed, latest[249]!.unclaimed]).toEqual([1, 7]);
  expect(told[0]!.version).not.toBe(told[1]!.version);
});
