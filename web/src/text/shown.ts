// A line as it is drawn: spans, few and short enough to draw sixty of them sixty times a second.
// Pure.

import { parseAnsi, plainText, type Span } from './ansi';
import { overwritten, type Line, type LineStore } from './lines';

export const kLongestShown = 2_000; // characters of a line
const kMostSpans = 200;

export interface Piece extends Span {
  found?: boolean; // it is what was searched for
}

export interface ShownLine {
  pieces: Piece[];
  missing: number; // characters that are not drawn
}

export function shownLine(line: Line): ShownLine {
  const cut = line.raw.lastIndexOf('\r', line.raw.length - 2);
  // What was written over may have set a colour.
  const style = cut < 0 ? line.style : parseAnsi(line.raw.slice(0, cut), line.style).style;
  const spans = parseAnsi(overwritten(line.raw), style).spans;
  const pieces: Piece[] = [];
  let room = kLongestShown;
  let missing = line.missing;
  for (const [index, span] of spans.entries()) {
    const text = span.text.slice(0, room);
    missing += span.text.length - text.length;
    room -= text.length;
    if (text === '') continue;
    const last = pieces[kMostSpans - 1];
    if (index >= kMostSpans && last) last.text += text;
    else pieces.push({ text, style: span.style });
  }
  return { pieces, missing };
}

// The same text, with what was searched for in pieces of its own.
export function marked(pieces: Piece[], wanted: string): Piece[] {
  const needle = wanted.toLowerCase();
  if (needle === '') return pieces;
  const whole = pieces.map((piece) => piece.text).join('').toLowerCase();
  const result: Piece[] = [];
  let begin = 0; // of the piece, in the whole
  let at = whole.indexOf(needle);
  for (const piece of pieces) {
    const end = begin + piece.text.length;
    let from = begin;
    while (at >= 0 && at < end) {
      const to = Math.min(at + needle.length, end);
      if (at > from) result.push({ ...piece, text: piece.text.slice(from - begin, at - begin) });
      const start = Math.max(at, from);
      result.push({ ...piece, text: piece.text.slice(start - begin, to - begin), found: true });
      from = to;
      if (at + needle.length > end) break; // it goes on in the next piece
      at = whole.indexOf(needle, at + needle.length);
    }
    if (from < end) result.push({ ...piece, text: piece.text.slice(from - begin) });
    begin = end;
  }
  return result;
}

export function lineHas(line: Line, needle: string): boolean {
  const text = overwritten(line.raw);
  const plain = /[\x00-\x1f\x7f-\x9f]/.test(text) ? plainText(text) : text;
  return plain.toLowerCase().includes(needle);
}

export const kMostFound = 10_000;
const kLinesAtOnce = 20_000;

// The numbers of the lines that have it, some thousand lines at a time so that the page stays
// quick. Ends early when `stopped` says so.
export async function search(
  store: LineStore,
  wanted: string,
  stopped: () => boolean,
): Promise<number[]> {
  const needle = wanted.toLowerCase();
  const found: number[] = [];
  for (let number = store.first; number < store.end && found.length < kMostFound; number += 1) {
    const line = store.line(number);
    if (line && lineHas(line, needle)) found.push(number);
    if (number % kLinesAtOnce === kLinesAtOnce - 1) {
      await new Promise((resolve) => setTimeout(resolve));
      if (stopped()) return found;
    }
  }
  return found;
}
