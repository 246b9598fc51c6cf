import { useEffect, useRef, useState } from 'preact/hooks';
import type { Listener, Stop } from '../net/live';

export interface Reading<T> {
  value?: T;
  problem?: string;
  status?: number;
}

// What `start` tells, anew when `key` changes. A key of null asks for nothing.
export function useLive<T>(
  key: string | null,
  start: (listener: Listener<T>) => Stop,
): Reading<T> {
  const [reading, setReading] = useState<{ of: string | null } & Reading<T>>({ of: key });
  useEffect(() => {
    if (key === null) return undefined;
    return start({
      value: (value) => setReading({ of: key, value }),
      failed: (problem, status) => setReading({ of: key, problem, status }),
    });
  }, [key]);
  return reading.of === key ? reading : {};
}

// What changes often, looked at once in so many milliseconds.
export function useSeldom<T>(value: T, ms: number): T {
  const [shown, setShown] = useState(value);
  const last = useRef(-Infinity);
  useEffect(() => {
    const left = Math.max(0, last.current + ms - performance.now());
    const timer = setTimeout(() => {
      last.current = performance.now();
      setShown(value);
    }, left);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return shown;
}

// Whether somebody looks: what nobody sees asks for nothing.
export function useSeen(): boolean {
  const [seen, setSeen] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setSeen(!document.hidden);
    document.addEventListener('visibilitychange', look);
    look();
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return seen && !document.hidden;
}
