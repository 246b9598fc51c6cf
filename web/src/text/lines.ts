// What a step printed, as lines, in bounded memory: the oldest lines go first, and of a line that is
// too long the end. Pure.

import { kPlain, parseAnsi, type Style } from './ansi';

export interface Line {
  raw: string;
  style: Style; // before its first character
  missing: number; // characters that were cut off its end
}

const kLongestLine = 64 << 10;
const kCompactAfter = 50_000;

// A copy: a part of a string can keep the whole of it in memory.
function copy(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

// What a terminal would show in the end of a line that was written over.
export function overwritten(raw: string): string {
  const end = raw.endsWith('\r') ? raw.length - 1 : raw.length;
  const from = end === 0 ? -1 : raw.lastIndexOf('\r', end - 1);
  return raw.slice(from + 1, end);
}

export class LineStore {
  private lines: string[] = [];
  private from = 0; // of `lines`: those before are gone
  private dropped = 0; // lines, ever
  private characters = 0;
  private rest = ''; // the line that has no end yet
  private restMissing = 0;
  private style: Style = kPlain; // at the beginning of the rest
  private readonly styles = new Map<number, Style>(); // of lines that do not begin plain
  private readonly missing = new Map<number, number>();

  constructor(
    private readonly mostCharacters = 16 << 20,
    private readonly mostLines = 400_000,
  ) {}

  // The number of the first line that is held, from 0.
  get first(): number {
    return this.dropped;
  }

  // One past the number of the last line.
  get end(): number {
    return this.dropped + this.full + (this.rest === '' && this.restMissing === 0 ? 0 : 1);
  }

  private get full(): number {
    return this.lines.length - this.from;
  }

  line(number: number): Line | undefined {
    if (number < this.dropped || number >= this.end) return undefined;
    const index = number - this.dropped;
    if (index === this.full) return { raw: this.rest, style: this.style, missing: this.restMissing };
    return {
      raw: this.lines[this.from + index] ?? '',
      style: this.styles.get(number) ?? kPlain,
      missing: this.missing.get(number) ?? 0,
    };
  }

  append(text: string): void {
    const pieces = text.split('\n');
    const last = pieces.pop() ?? '';
    for (const piece of pieces) {
      this.extend(piece);
      this.close();
    }
    this.extend(last);
    this.shrink();
  }

  private extend(piece: string): void {
    if (piece === '') return;
    const joined = this.restMissing > 0 ? piece : this.rest + piece;
    if (this.restMissing === 0 && joined.length <= kLongestLine) {
      this.rest = joined;
      return;
    }
    // What was written over needs no room.
    const body = joined.endsWith('\r') ? joined.length - 1 : joined.length;
    const over = joined.lastIndexOf('\r', body - 1);
    if (over >= 0 && body > 0) {
      this.rest = copy(joined.slice(over + 1, over + 1 + kLongestLine));
      this.restMissing = Math.max(0, joined.length - over - 1 - kLongestLine);
    } else if (this.restMissing > 0) {
      this.restMissing += piece.length;
    } else {
      this.rest = copy(joined.slice(0, kLongestLine));
      this.restMissing = joined.length - kLongestLine;
    }
  }

  private close(): void {
    const number = this.dropped + this.full;
    if (this.style !== kPlain) this.styles.set(number, this.style);
    if (this.restMissing > 0) this.missing.set(number, this.restMissing);
    if (/[\x1b\x9b]/.test(this.rest)) this.style = parseAnsi(this.rest, this.style).style;
    this.lines.push(this.rest);
    this.characters += this.rest.length + 1;
    this.rest = '';
    this.restMissing = 0;
  }

  private shrink(): void {
    while (this.full > 0 && (this.characters > this.mostCharacters || this.full > this.mostLines)) {
      this.characters -= (this.lines[this.from]?.length ?? 0) + 1;
      this.lines[this.from] = '';
      this.styles.delete(this.dropped);
      this.missing.delete(this.dropped);
      this.from += 1;
      this.dropped += 1;
    }
    if (this.from < kCompactAfter) return;
    this.lines = this.lines.slice(this.from);
    this.from = 0;
  }
}
