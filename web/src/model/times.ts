// Times in words. Pure.

const kSecond = 1_000;
const kMinute = 60 * kSecond;
const kHour = 60 * kMinute;
const kDay = 24 * kHour;

export function duration(ms: number): string {
  if (!(ms > 0)) return '0 s';
  if (ms < kSecond) return `${Math.floor(ms)} ms`;
  if (ms < 10 * kSecond) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < kMinute) return `${Math.floor(ms / kSecond)} s`;
  const parts = (large: number, word: string, small: number, less: string) => {
    const rest = Math.floor((ms % large) / small);
    return `${Math.floor(ms / large)} ${word}` + (rest > 0 ? ` ${rest} ${less}` : '');
  };
  if (ms < kHour) return parts(kMinute, 'min', kSecond, 's');
  if (ms < kDay) return parts(kHour, 'h', kMinute, 'min');
  return parts(kDay, 'd', kHour, 'h');
}

// Without a tenth that would flicker.
export function roughly(ms: number): string {
  if (ms < kMinute) return `${Math.max(0, Math.floor(ms / kSecond))} s`;
  if (ms < kHour) return `${Math.floor(ms / kMinute)} min`;
  if (ms < kDay) return `${Math.floor(ms / kHour)} h`;
  return `${Math.floor(ms / kDay)} d`;
}

export function parse(time: string | undefined): number | undefined {
  const ms = time === undefined ? NaN : Date.parse(time);
  return Number.isNaN(ms) ? undefined : ms;
}

export function ago(time: string | undefined, now: number): string {
  const then = parse(time);
  if (then === undefined) return 'never';
  return now - then < kSecond ? 'just now' : `${roughly(now - then)} ago`;
}

export function between(
  from: string | undefined,
  to: string | undefined,
  now: number,
): number | undefined {
  const begin = parse(from);
  if (begin === undefined) return undefined;
  return Math.max(0, (parse(to) ?? now) - begin);
}

// The earliest beginning and the latest end of several; still going on if one has no end.
export function span(
  parts: { started_at?: string; ended_at?: string }[],
  now: number,
): number | undefined {
  const begun = parts.filter((part) => parse(part.started_at) !== undefined);
  if (begun.length === 0) return undefined;
  const begin = Math.min(...begun.map((part) => parse(part.started_at) ?? now));
  const end = Math.max(...begun.map((part) => parse(part.ended_at) ?? now));
  return Math.max(0, end - begin);
}
