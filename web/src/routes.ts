// Addresses of the page, and going from one to another without loading it anew.

import { kSpans, type Span } from './model/history';
import { Value } from './net/value';

export type Route =
  | { page: 'overview' | 'fleet' | 'pipelines' | 'classes' | 'audit' | 'nowhere' }
  | { page: 'sign-in'; next: string }
  | { page: 'class'; name: string; span: Span }
  | { page: 'pipeline'; pipeline: string }
  | { page: 'job'; pipeline: string; job: number; slice: number };

// Only of this page: another address after signing in would lead astray.
export function localPath(next: string | null): string {
  return next !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) ? next : '/';
}

export function classPath(name: string): string {
  return `/fleet/${name.split('/').map(encodeURIComponent).join('/')}`;
}

function classOf(parts: string[]): string | undefined {
  try {
    return parts.map(decodeURIComponent).join('/');
  } catch {
    return undefined; // a % that stands for nothing
  }
}

export function routeOf(path: string, search: string): Route {
  const values = new URLSearchParams(search);
  const parts = path.split('/').filter((part) => part !== '');
  const [first, second, third, fourth] = parts;
  if (parts.length === 0) return { page: 'overview' };
  if (parts.length === 1) {
    if (first === 'sign-in') return { page: 'sign-in', next: localPath(values.get('next')) };
    if (first === 'fleet' || first === 'pipelines' || first === 'classes' || first === 'audit') {
      return { page: first };
    }
  }
  if (first === 'fleet' && parts.length === 3) {
    const name = classOf(parts.slice(1));
    const span = kSpans.find((one) => one === values.get('span')) ?? 'hour';
    return name === undefined ? { page: 'nowhere' } : { page: 'class', name, span };
  }
  if (first !== 'pipelines' || second === undefined) return { page: 'nowhere' };
  if (parts.length === 2) return { page: 'pipeline', pipeline: second };
  if (parts.length === 4 && third === 'jobs' && /^\d{1,9}$/.test(fourth ?? '')) {
    const slice = values.get('slice') ?? '';
    return {
      page: 'job',
      pipeline: second,
      job: Number(fourth),
      slice: /^\d{1,6}$/.test(slice) ? Number(slice) : 0,
    };
  }
  return { page: 'nowhere' };
}

// "#step-2:L120": a step, and a line of its output, both from 1 as people count lines.
export interface Place {
  step: number;
  line?: number;
}

export function placeOf(hash: string): Place | undefined {
  const found = /^#step-(\d{1,6})(?::L(\d{1,12}))?$/.exec(hash);
  if (!found) return undefined;
  const step = Number(found[1]);
  return found[2] === undefined ? { step } : { step, line: Number(found[2]) };
}

export function placeHash(step: number, line: number): string {
  return `#step-${step}:L${line}`;
}

// --- Here and elsewhere ---------------------------------------------------------------------

const here = () => location.pathname + location.search;
export const address = new Value('');

let arriving = false;

// Whether somebody has just come here by a link: once.
export function takeArrival(): boolean {
  const was = arriving;
  arriving = false;
  return was;
}

export function navigate(path: string, replace = false): void {
  arriving = !path.startsWith('/sign-in'); // there one goes on at the field
  if (replace) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  address.set(here());
}

function isOurs(event: MouseEvent, link: HTMLAnchorElement): boolean {
  return (
    event.button === 0 &&
    !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) &&
    link.origin === location.origin &&
    !link.target &&
    !link.hasAttribute('download') &&
    !(link.pathname + link.search === here() && link.hash !== '')
  );
}

export function followAddress(): void {
  address.set(here());
  addEventListener('popstate', () => {
    arriving = true;
    address.set(here());
  });
  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target.closest('a') : null;
    if (!target || event.defaultPrevented || !isOurs(event, target)) return;
    event.preventDefault();
    navigate(target.pathname + target.search + target.hash);
    scrollTo(0, 0);
  });
}
