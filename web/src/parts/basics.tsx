// Small things that every page shows.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { serverNow } from '../net/api';
import { lookOf, wordOf } from '../model/states';
import { ago, parse } from '../model/times';
import { takeArrival } from '../routes';
import { visible } from '../text/visible';

// The server's time, anew every second while somebody looks.
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(serverNow());
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

// Text from outside. Its direction is its own business.
export function Name({ children, longest }: { children: string; longest?: number }) {
  return <bdi>{visible(children, longest)}</bdi>;
}

const kShapes: Record<string, ComponentChildren> = {
  success: <path d="M4.6 8.3l2.3 2.3 4.6-5" />,
  failed: <path d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" />,
  timedout: <path d="M8 4.6V8l2.4 1.6" />,
  infrastructure_fail: <path d="M8 4.4v4.4M8 11.2v.2" />,
  canceled: <path d="M4.4 11.6l7.2-7.2" />,
  not_run: <path d="M5.2 8h5.6" />,
  queued: <path d="M5.2 8h.01M8 8h.01M10.8 8h.01" />,
};

// A shape and a word, so that nobody needs the colour.
export function State({ state, bare }: { state: string; bare?: boolean }) {
  const look = lookOf(state);
  const turning = state === 'running' || state === 'background';
  return (
    <span class={`state ${look}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true" class={turning ? 'turning' : state}>
        <circle cx="8" cy="8" r="6.6" />
        {turning ? <path d="M8 1.4a6.6 6.6 0 0 1 6.6 6.6" /> : kShapes[state]}
      </svg>
      <span class={bare ? 'unseen' : ''}>{visible(wordOf(state), 40)}</span>
    </span>
  );
}

export function Ago({ time, now }: { time: string | undefined; now: number }) {
  const then = parse(time);
  if (then === undefined) return <span class="quiet">never</span>;
  return (
    <time dateTime={time} title={new Date(then).toLocaleString()}>
      {ago(time, now)}
    </time>
  );
}

export function Problem({ children }: { children: ComponentChildren }) {
  return (
    <p class="problem" role="alert">
      {children}
    </p>
  );
}

export function Loading() {
  return (
    <p class="quiet loading" aria-live="polite">
      Loading …
    </p>
  );
}

interface HeadingProps {
  title: string;
  children?: ComponentChildren;
}

// The page's name, also for the tab. Who has come by a link, with the keyboard or a screen reader,
// goes on there.
export function Heading({ title, children }: HeadingProps) {
  const shown = visible(title, 120);
  const name = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (takeArrival()) name.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${shown} · Muster`;
  }, [shown]);
  return (
    <div class="heading">
      <h1 tabIndex={-1} ref={name}>
        <bdi>{shown}</bdi>
      </h1>
      {children}
    </div>
  );
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

// A table that scrolls by itself where it is too wide.
export function Table(props: { label: string; head: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="table" role="region" aria-label={props.label} tabIndex={0}>
      <table>
        <thead>
          <tr>{props.head}</tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}

export function Copy({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState('');
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Select it, and copy by hand'); // plain HTTP from another machine has no clipboard
    }
  }
  return (
    <span class="copy">
      <button type="button" onClick={() => void copy()}>
        {label}
      </button>
      <span role="status" class="quiet">
        {said}
      </span>
    </span>
  );
}
