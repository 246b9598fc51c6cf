// How the page hears of changes. Nobody else knows by which means: streams of events, and for demand
// and output requests that the server holds until there is news.
//
// A browser has six connections to a host, for all tabs together. One page holds three at most: two
// for readings, or one of them, and two for output.

import { ApiError, get, kMuster, query, send, sentence, session } from './api';
import { EventParser, type StreamEvent } from './events';
import type { Demand, FleetStatus, List, PipelineItem, PipelineStatus } from './messages';
import { Value } from './value';

const kWaitMs = 25_000;
const kPartWaitMs = 1_000;
const kMostClasses = 100; // in one request
const kLongestQuery = 8_000; // bytes; the server reads a header of 16 KiB
const kOutputWaitMs = 5_000; // short, so that whoever waits for a connection gets its turn
const kGraceMs = 15_000; // past it a request that was held is lost
const kSilenceMs = 40_000; // a stream says something every 15 s
const kNoLimitMs = 2 ** 31 - 1;
const kStreamAgainMs = 1_000;
const kAfterNewsMs = 400; // changes that follow each other closely are asked for as one
const kAfterPieceMs = 100; // of output
const kSliceBytes = 2 << 20;
const kOutputsAtOnce = 2;
const kShortestPause = 1_000;
const kLongestPause = 20_000;

export type Stop = () => void;
export interface Listener<T> {
  value(value: T): void;
  // It will not come: one sentence. Nothing more follows.
  failed(message: string, status: number): void;
}

// Whether the server is away, and when it is asked again.
export const away = new Value<{ retryAt: number } | null>(null);

const kDone = Symbol('done');
type Next = number | typeof kDone; // milliseconds until the next turn

// --- A loop that outlives faults and rests while nobody looks --------------------------------

const retryNow = new Set<() => void>();

export function tryNow(): void {
  for (const wake of [...retryNow]) wake();
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      retryNow.delete(end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    retryNow.add(end);
    signal.addEventListener('abort', end);
  });
}

function visible(signal: AbortSignal): Promise<void> {
  if (!document.hidden || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
  });
}

const stopped = () => new DOMException('stopped', 'AbortError');

// A turn's signal: aborted when all ends, when the tab is hidden, and when it takes too long.
async function withSignal<T>(
  whole: AbortSignal,
  limitMs: number,
  turn: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (whole.aborted || document.hidden) throw stopped();
  const controller = new AbortController();
  const abort = () => controller.abort();
  const hide = () => document.hidden && abort();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    abort();
  }, limitMs);
  whole.addEventListener('abort', abort);
  document.addEventListener('visibilitychange', hide);
  try {
    return await turn(controller.signal);
  } catch (error) {
    throw late ? new ApiError(0, 'The server does not answer.') : error;
  } finally {
    clearTimeout(timer);
    whole.removeEventListener('abort', abort);
    document.removeEventListener('visibilitychange', hide);
  }
}

function pauseAfter(failures: number, error: ApiError): number {
  const doubled = Math.min(kShortestPause * 2 ** (failures - 1), kLongestPause);
  return Math.max(error.retryAfterMs ?? 0, doubled * (0.75 + Math.random() / 4));
}

// What a turn waits for before it begins: of the time that it may take this is no part.
type Gate = <T>(signal: AbortSignal, turn: () => Promise<T>) => Promise<T>;
const atOnce: Gate = (_, turn) => turn();

function repeat(
  turn: (signal: AbortSignal, well: () => void) => Promise<Next>,
  failed: (message: string, status: number) => void,
  limitMs = kWaitMs + kGraceMs,
  gate: Gate = atOnce,
): Stop {
  const controller = new AbortController();
  const { signal } = controller;
  let failures = 0;
  const well = () => {
    failures = 0;
    away.set(null);
  };

  // When to go on, or nothing if this is the end.
  async function once(): Promise<Next> {
    try {
      const next = await gate(signal, () =>
        withSignal(signal, limitMs, (ofTurn) => turn(ofTurn, well)),
      );
      well();
      return next;
    } catch (error) {
      if (signal.aborted) return kDone;
      if (error instanceof DOMException && error.name === 'AbortError') return 0; // hidden
      const known = error instanceof ApiError ? error : new ApiError(0, 'The answer broke off.');
      if (known.status === 401) return kDone; // the session says so, and the page asks for another
      if (!known.passes) {
        failed(sentence(known), known.status);
        return kDone;
      }
      failures += 1;
      const ms = pauseAfter(failures, known);
      away.set({ retryAt: Date.now() + ms });
      return ms;
    }
  }

  void (async () => {
    while (!signal.aborted) {
      await visible(signal);
      if (signal.aborted) return;
      const next = await once();
      if (next === kDone) return;
      await pause(next, signal);
    }
  })();
  return () => controller.abort();
}

// --- Readings -------------------------------------------------------------------------------

function whatComesWithin<T>(ms: number, coming: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new ApiError(0, 'The server does not answer.'));
    const timer = setTimeout(late, ms);
    coming.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

async function eachEvent(response: Response, told: (event: StreamEvent) => void): Promise<void> {
  const reader = response.body!.getReader();
  const parser = new EventParser();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await whatComesWithin(kSilenceMs, reader.read());
      if (done) return;
      parser.push(decoder.decode(value, { stream: true })).forEach(told);
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

// A reading whenever it is new. After a cut only if it has changed meanwhile.
function stream<T>(watched: string, take: (value: T, version: string) => void, failed: Listener<T>['failed']): Stop {
  let last: string | undefined;
  return repeat(
    async (signal, well) => {
      const headers: Record<string, string> = last === undefined ? {} : { 'Last-Event-ID': last };
      const path = `${kMuster}/events?${query({ watch: watched })}`;
      const response = await send('GET', path, { headers, signal });
      well();
      await eachEvent(response, (event) => {
        last = event.id;
        take(JSON.parse(event.data) as T, event.id);
      });
      return kStreamAgainMs;
    },
    failed,
    kNoLimitMs,
  );
}

function streamReading<T extends { version: string }>(watched: string, listener: Listener<T>): Stop {
  const take = (value: T, version: string) => listener.value({ ...value, version });
  return stream<T>(watched, take, listener.failed);
}

export function watchFleet(listener: Listener<FleetStatus>): Stop {
  return streamReading('fleet', listener);
}

// So many that their names, each of 200 bytes at most, fit into an address that the server reads.
function partsOf(classes: string[]): string[][] {
  const parts: string[][] = [[]];
  let bytes = 0;
  for (const name of classes) {
    const more = query({ 'resource-class': name }).length + 1;
    const last = parts[parts.length - 1]!;
    if (last.length > 0 && (last.length >= kMostClasses || bytes + more > kLongestQuery)) {
      parts.push([name]);
      bytes = more;
    } else {
      last.push(name);
      bytes += more;
    }
  }
  return parts;
}

// One request at a time: of very many classes a part is asked for after the other, and held shortly.
export function watchDemand(classes: string[], listener: Listener<Demand>): Stop {
  const parts = partsOf(classes);
  const waitMs = parts.length === 1 ? kWaitMs : kPartWaitMs;
  const known: Demand[] = [];
  let turn = 0;
  return repeat(async (signal) => {
    const at = turn % parts.length;
    const seen = known[at]?.version;
    const wait: Record<string, string | number> =
      seen === undefined ? {} : { seen, wait_ms: waitMs };
    const asked = query({ 'resource-class': parts[at]!, ...wait });
    const reading = await get<Demand>(`${kMuster}/demand?${asked}`, signal);
    turn += 1;
    if (reading.version === seen) return 0;
    known[at] = reading;
    if (known.length < parts.length) return 0;
    listener.value({
      version: known.map((one) => one.version).join('.'),
      classes: known.flatMap((one) => one.classes),
    });
    return seen === undefined ? 0 : kAfterNewsMs;
  }, listener.failed);
}

export function watchPipeline(id: string, listener: Listener<PipelineStatus>): Stop {
  return streamReading(`pipeline:${id}`, listener);
}

export function watchPipelines(limit: number, listener: Listener<PipelineItem[]>): Stop {
  const take = (list: List<PipelineItem>) => listener.value(list.items.slice(0, limit));
  return stream<List<PipelineItem>>('pipelines', take, listener.failed);
}

// --- Output ---------------------------------------------------------------------------------

let outputsHeld = 0;
const outputsWaiting = new Set<() => void>(); // in the order in which they came

function ownConnection(signal: AbortSignal): Promise<void> {
  if (outputsHeld < kOutputsAtOnce) {
    outputsHeld += 1;
    return Promise.resolve();
  }
  return new Promise((resolve, reject) => {
    const leave = () => {
      outputsWaiting.delete(go);
      reject(stopped());
    };
    const go = () => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    outputsWaiting.add(go);
    signal.addEventListener('abort', leave);
  });
}

function passOnConnection(): void {
  const [next] = outputsWaiting;
  if (next === undefined) {
    outputsHeld -= 1;
  } else {
    outputsWaiting.delete(next);
    next();
  }
}

const withConnection: Gate = async (signal, turn) => {
  await ownConnection(signal);
  try {
    return await turn();
  } finally {
    passOnConnection();
  }
};

export interface OutputListener {
  bytes(bytes: Uint8Array): void;
  ended(): void;
  failed(message: string): void;
}

export function outputPath(task: string, step: number): string {
  return `${kMuster}/tasks/${encodeURIComponent(task)}/steps/${step}/output`;
}

// What a step printed from byte `from` on, piece by piece, until it has ended.
export function followOutput(
  task: string,
  step: number,
  from: number,
  listener: OutputListener,
): Stop {
  let offset = from;
  return repeat(
    async (signal) => {
      const path = `${outputPath(task, step)}?${query({ wait_ms: kOutputWaitMs })}`;
      const headers = { Range: `bytes=${offset}-${offset + kSliceBytes - 1}` };
      const response = await send('GET', path, { headers, signal });
      const bytes = new Uint8Array(await response.arrayBuffer());
      offset += bytes.length;
      if (bytes.length > 0) listener.bytes(bytes);
      if (!response.headers.has('X-Terminal')) {
        return bytes.length < kSliceBytes ? kAfterPieceMs : 0;
      }
      listener.ended();
      return kDone;
    },
    listener.failed,
    kWaitMs + kGraceMs,
    withConnection,
  );
}

// Nobody is signed in: nothing waits to be tried again.
session.subscribe(() => {
  if (session.get() === null) away.set(null);
});
