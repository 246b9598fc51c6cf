import { useEffect, useState } from 'preact/hooks';

// A value that parts of the page look at, and are told of when it changes.
export class Value<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private current: T) {}

  get(): T {
    return this.current;
  }

  set(next: T): void {
    if (Object.is(next, this.current)) return;
    this.current = next;
    for (const listener of [...this.listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export function useValue<T>(value: Value<T>): T {
  const [, redraw] = useState({});
  useEffect(() => value.subscribe(() => redraw({})), [value]);
  return value.get();
}
