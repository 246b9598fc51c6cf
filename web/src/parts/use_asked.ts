import { useEffect, useState } from 'preact/hooks';
import { ApiError, get, sentence } from '../net/api';
import { useSeen, type Reading } from './use_live';

// What the server says to this, asked again every so often and when there is news, while somebody
// looks. What was said last stays while the server is away: that is told above.
export function useAsked<T>(path: string, everyMs: number, news: unknown): Reading<T> {
  const [reading, setReading] = useState<{ of: string } & Reading<T>>({ of: path });
  const [turn, setTurn] = useState(0);
  const seen = useSeen();
  useEffect(() => {
    const timer = setInterval(() => setTurn((n) => n + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  useEffect(() => {
    if (!seen || document.hidden) return undefined;
    const controller = new AbortController();
    get<T>(path, controller.signal).then(
      (value) => setReading({ of: path, value }),
      (error: unknown) => {
        if (!(error instanceof ApiError) || error.passes) return;
        setReading({ of: path, problem: sentence(error), status: error.status });
      },
    );
    return () => controller.abort();
  }, [path, turn, news, seen]);
  return reading.of === path ? reading : {};
}
