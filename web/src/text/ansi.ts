// The colours of a terminal as spans of text. All else that a terminal would obey is dropped: links,
// titles, moves of the cursor. Pure; the text stays text.

import { codeName, isBidi } from './visible';

export type Colour = number | string; // 0 to 15 of the palette, or "rgb(…)"

export interface Style {
  fg?: Colour;
  bg?: Colour;
  bold?: true;
  dim?: true;
  italic?: true;
  underline?: true;
  strike?: true;
  inverse?: true;
}

export interface Span {
  text: string;
  style: Style;
}

export const kPlain: Style = Object.freeze({});

const kEsc = 0x1b;
const kLongestSequence = 4096; // a string of control without its end within this is no such string

// --- Colours --------------------------------------------------------------------------------

function rgb(red: number, green: number, blue: number): Colour {
  return `rgb(${[red, green, blue].map((part) => Math.min(255, Math.max(0, part))).join(' ')})`;
}

function indexed(index: number): Colour | undefined {
  if (!(index >= 0 && index <= 255)) return undefined;
  if (index < 16) return index;
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return rgb(grey, grey, grey);
  }
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40);
  const cube = index - 16;
  return rgb(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

// What follows 38 or 48: the colour, and how many numbers were taken.
function extended(codes: number[], at: number): [Colour | undefined, number] {
  if (codes[at] === 5) return [indexed(codes[at + 1] ?? -1), 2];
  if (codes[at] === 2) {
    return [rgb(codes[at + 1] ?? 0, codes[at + 2] ?? 0, codes[at + 3] ?? 0), 4];
  }
  return [undefined, codes.length];
}

function without(style: Style, ...names: (keyof Style)[]): Style {
  const next = { ...style };
  for (const name of names) delete next[name];
  return next;
}

function simple(style: Style, code: number): Style {
  if (code >= 30 && code <= 37) return { ...style, fg: code - 30 };
  if (code >= 40 && code <= 47) return { ...style, bg: code - 40 };
  if (code >= 90 && code <= 97) return { ...style, fg: code - 82 };
  if (code >= 100 && code <= 107) return { ...style, bg: code - 92 };
  switch (code) {
    case 0: return kPlain;
    case 1: return { ...style, bold: true };
    case 2: return { ...style, dim: true };
    case 3: return { ...style, italic: true };
    case 4: return { ...style, underline: true };
    case 7: return { ...style, inverse: true };
    case 9: return { ...style, strike: true };
    case 22: return without(style, 'bold', 'dim');
    case 23: return without(style, 'italic');
    case 24: return without(style, 'underline');
    case 27: return without(style, 'inverse');
    case 29: return without(style, 'strike');
    case 39: return without(style, 'fg');
    case 49: return without(style, 'bg');
    default: return style;
  }
}

// "1;38;5;208", or with colons: "38:2::255:0:0" and "4:3".
function graphics(style: Style, parameters: string): Style {
  if (/[^\d;:]/.test(parameters)) return style;
  const codes: number[] = [];
  for (const part of parameters.split(';')) {
    const parts = part.split(':').map((digits) => (digits === '' ? 0 : Number(digits)));
    const first = parts[0] ?? 0;
    if (parts.length === 1) codes.push(first);
    else if (first === 38 || first === 48) {
      codes.push(...(parts[1] === 2 && parts.length > 5 ? [first, 2, ...parts.slice(3, 6)] : parts));
    } else codes.push(first === 4 && parts[1] === 0 ? 24 : first);
  }
  let next = style;
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    if (code !== 38 && code !== 48) {
      next = simple(next, code);
      continue;
    }
    const [colour, taken] = extended(codes, i + 1);
    if (colour !== undefined) next = { ...next, [code === 38 ? 'fg' : 'bg']: colour };
    i += taken;
  }
  return next;
}

// --- Sequences ------------------------------------------------------------------------------

const kCsi = /[0-?]{0,64}[ -/]{0,8}[@-~]/y;
const kOther = /[ -/]{0,8}[0-~]/y;
const kStringEnd = /\x07|\x1b\\|\x9c/g;

class Reader {
  private nextEnd = -1; // where the next string of control could end; Infinity: nowhere

  constructor(private readonly text: string) {}

  // The place after what begins at `at`, and its parameters if it sets colours.
  skip(at: number): { next: number; graphics?: string } {
    const code = this.text.charCodeAt(at);
    if (code === kEsc) return this.afterEscape(at + 1);
    if (code === 0x9b) return this.csi(at + 1);
    if (code === 0x9d || code === 0x90 || (code >= 0x98 && code <= 0x9f)) return this.string(at + 1);
    return { next: at + 1 };
  }

  private afterEscape(at: number): { next: number; graphics?: string } {
    const introducer = this.text.charAt(at);
    if (introducer === '[') return this.csi(at + 1);
    if (introducer !== '' && ']PX^_'.includes(introducer)) return this.string(at + 1);
    kOther.lastIndex = at;
    return { next: kOther.test(this.text) ? kOther.lastIndex : at };
  }

  private csi(at: number): { next: number; graphics?: string } {
    kCsi.lastIndex = at;
    const found = kCsi.exec(this.text);
    if (!found) return { next: at };
    const sequence = found[0];
    const next = at + sequence.length;
    return sequence.endsWith('m') ? { next, graphics: sequence.slice(0, -1) } : { next };
  }

  private string(at: number): { next: number } {
    if (this.nextEnd < at) {
      kStringEnd.lastIndex = at;
      const found = kStringEnd.exec(this.text);
      this.nextEnd = found ? found.index : Infinity;
    }
    if (this.nextEnd - at > kLongestSequence) return { next: at };
    return { next: this.nextEnd + (this.text.charCodeAt(this.nextEnd) === kEsc ? 2 : 1) };
  }
}

export interface Parsed {
  spans: Span[];
  style: Style; // at the end
}

// One line. A mark of direction becomes its number, so that it turns nothing around.
export function parseAnsi(line: string, before: Style = kPlain): Parsed {
  const spans: Span[] = [];
  const reader = new Reader(line);
  let style = before;
  let text = '';
  const flush = () => {
    if (text !== '') spans.push({ text, style });
    text = '';
  };
  let plainFrom = 0;
  let at = 0;
  while (at < line.length) {
    const code = line.charCodeAt(at);
    const special =
      (code < 0x20 && code !== 0x09) || (code >= 0x7f && code < 0xa0) || isBidi(code);
    if (!special) {
      at += 1;
      continue;
    }
    text += line.slice(plainFrom, at);
    if (isBidi(code)) {
      text += codeName(code);
      at += 1;
    } else {
      const { next, graphics: parameters } = reader.skip(at);
      at = next;
      if (parameters !== undefined) {
        const changed = graphics(style, parameters);
        flush();
        style = changed;
      }
    }
    plainFrom = at;
  }
  text += line.slice(plainFrom);
  flush();
  return { spans, style };
}

export function plainText(line: string): string {
  return parseAnsi(line).spans.map((span) => span.text).join('');
}
