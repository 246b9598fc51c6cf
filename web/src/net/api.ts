// One request, one answer. What goes wrong is an ApiError with a sentence for people.

import type { Session } from './messages';
import { Value } from './value';

export const kMuster = '/api/muster/v1';
export const kRunner = '/api/v3/runner';

// undefined: not asked yet; null: nobody is signed in.
export const session = new Value<Session | null | undefined>(undefined);

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: there was no answer
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }

  // It may go well later without anybody's doing.
  get passes(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export interface Options {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

let clockOffset = 0;

// The server's time, as near as its answers tell: durations are of its clock, not of this machine's.
export function serverNow(): number {
  return Date.now() + clockOffset;
}

function noteClock(response: Response): void {
  const told = Date.parse(response.headers.get('Date') ?? '');
  if (Number.isNaN(told)) return;
  const offset = told + 500 - Date.now();
  clockOffset = Math.abs(offset) > 2000 ? offset : 0;
}

async function sentenceOf(response: Response): Promise<string> {
  try {
    const said = (await response.json()) as { message?: unknown };
    if (typeof said.message === 'string' && said.message !== '') return said.message;
  } catch {
    // Not ours: a proxy's, perhaps.
  }
  return `The server answered with status ${response.status}.`;
}

// Any status below 400 is an answer.
export async function send(method: string, path: string, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = { ...options.headers };
  if (method !== 'GET') headers['Muster-Request'] = '1';
  const init: RequestInit = { method, headers, cache: 'no-store', credentials: 'same-origin' };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, 'The server cannot be reached.');
  }
  noteClock(response);
  if (response.status < 400) return response;
  const seconds = Number(response.headers.get('Retry-After'));
  const failure = new ApiError(
    response.status,
    await sentenceOf(response),
    seconds > 0 ? seconds * 1000 : undefined,
  );
  if (failure.status === 401 && session.get()) session.set(null);
  throw failure;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send('GET', path, signal ? { signal } : {});
  return (await response.json()) as T;
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  const response = await send('POST', path, { body });
  return (await response.json()) as T;
}

export async function remove(path: string): Promise<void> {
  await send('DELETE', path);
}

export function query(values: Record<string, string | number | string[]>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  return search.toString();
}

export function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : 'Something went wrong.';
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : first + '.';
}

// --- Who is signed in -----------------------------------------------------------------------

export async function askSession(): Promise<void> {
  try {
    session.set(await get<Session>(`${kMuster}/session`));
  } catch (error) {
    if (!(error instanceof ApiError) || error.passes) throw error;
    session.set(null);
  }
}

export async function signIn(credential: { token: string } | { code: string }): Promise<void> {
  session.set(await post<Session>(`${kMuster}/session`, credential));
}

export async function signOut(): Promise<void> {
  try {
    await remove(`${kMuster}/session`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
  }
  session.set(null);
}

export function may(needed: 'run' | 'admin'): boolean {
  const role = session.get()?.role;
  return role === 'admin' || role === needed;
}
