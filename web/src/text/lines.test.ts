import { describe, expect, it } from 'vitest';
import { LineStore, overwritten } from './lines';
import { lineHas, marked, search, shownLine, kLongestShown } from './shown';

function texts(store: LineStore): string[] {
  return Array.from({ length: store.end - store.first }, (_, index) => {
    const line = store.line(store.first + index);
    return line ? shownLine(line).pieces.map((piece) => piece.text).join('') : '?';
  });
}

describe('lines', () => {
  it.each([
    [[], []],
    [['a\nb\n'], ['a', 'b']],
    [['a\nb'], ['a', 'b']],
    [['a', 'b', '\n', 'c'], ['ab', 'c']],
    [['\n\n'], ['', '']],
    [['a\r\nb\r\n'], ['a', 'b']],
    [['10%\r', '50%\r', 'done\n', 'next'], ['done', 'next']],
    [['10%\r50%\r'], ['50%']],
  ])('of %j are %j', (pieces, lines) => {
    const store = new LineStore();
    for (const piece of pieces) store.append(piece);
    expect(texts(store)).toEqual(lines);
  });

  it('however they are cut into pieces, they are the same', () => {
    const text = 'one\n\x1b[31mtwo\nthree\x1b[0m\r\n\nfive\rsix';
    const whole = new LineStore();
    whole.append(text);
    for (let cut = 0; cut <= text.length; cut += 1) {
      const store = new LineStore();
      store.append(text.slice(0, cut));
      store.append(text.slice(cut));
      expect(texts(store)).toEqual(texts(whole));
    }
  });

  it('a colour goes on until it ends', () => {
    const store = new LineStore();
    store.append('a\x1b[31mb\nc\nd\x1b[0m\ne\n');
    const styles = [0, 1, 2, 3].map((number) => store.line(number)?.style);
    expect(styles).toEqual([{}, { fg: 1 }, { fg: 1 }, {}]);
  });

  it('what was written over may have set one', () => {
    const store = new LineStore();
    store.append('\x1b[31m10%\r20%\n');
    const line = store.line(0);
    expect(line && shownLine(line).pieces).toEqual([{ text: '20%', style: { fg: 1 } }]);
  });
});

describe('memory', () => {
  it('the oldest lines go first, and the others keep their numbers', () => {
    const store = new LineStore(1 << 20, 100);
    for (let number = 0; number < 250; number += 1) store.append(`line ${number}\n`);
    expect([store.first, store.end]).toEqual([150, 250]);
    expect(store.line(149)).toBeUndefined();
    expect(store.line(150)?.raw).toBe('line 150');
    expect(store.line(249)?.raw).toBe('line 249');
    expect(store.line(250)).toBeUndefined();
  });

  it('is bounded in characters', () => {
    const store = new LineStore(1_000, 1_000);
    for (let number = 0; number < 500; number += 1) store.append('x'.repeat(99) + '\n');
    expect(store.end - store.first).toBe(10);
  });

  it('is given back', () => {
    const store = new LineStore(1 << 20, 10);
    store.append('\n'.repeat(200_000));
    store.append('last\n');
    expect([store.first, store.end]).toEqual([199_991, 200_001]);
    expect(store.line(200_000)?.raw).toBe('last');
  });

  it('of a line of 10 MB the begin is kept, and how much is missing is known', () => {
    const store = new LineStore();
    const began = performance.now();
    for (let piece = 0; piece < 5; piece += 1) store.append('x'.repeat(2_000_000));
    store.append('\nnext');
    const line = store.line(0);
    expect(line && shownLine(line).missing).toBe(10_000_000 - kLongestShown);
    expect(line?.raw.length).toBe(65_536);
    expect(store.line(1)?.raw).toBe('next');
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('of a long line that is written over the last part is kept', () => {
    const store = new LineStore();
    for (let percent = 0; percent <= 100; percent += 1) store.append('x'.repeat(9_000) + `${percent}\r`);
    store.append('done\n');
    expect(texts(store)).toEqual(['done']);
  });
});

describe('what is drawn of a line', () => {
  it('is short', () => {
    const { pieces, missing } = shownLine({ raw: 'y'.repeat(5_000), style: {}, missing: 7 });
    expect(pieces[0]?.text.length).toBe(kLongestShown);
    expect(missing).toBe(5_000 - kLongestShown + 7);
  });

  it('has few spans, and all of its text', () => {
    const raw = Array.from({ length: 900 }, (_, index) => `\x1b[3${index % 8}mz`).join('');
    const { pieces } = shownLine({ raw, style: {}, missing: 0 });
    expect(pieces.length).toBe(200);
    expect(pieces.map((piece) => piece.text).join('')).toBe('z'.repeat(900));
  });
});

it.each([
  ['a\rb', 'b'],
  ['a\rb\r', 'b'],
  ['\r', ''],
  ['', ''],
  ['a', 'a'],
])('of %j a terminal shows %j', (raw, shown) => expect(overwritten(raw)).toBe(shown));

describe('search', () => {
  it('finds lines, also through colours', async () => {
    const store = new LineStore();
    store.append('nothing\nan \x1b[31mEr\x1b[0mror\nfine\nerror again\n');
    expect(await search(store, 'error', () => false)).toEqual([1, 3]);
    expect(await search(store, '\x1b', () => false)).toEqual([]);
  });

  it('does not look into what was written over', () => {
    expect(lineHas({ raw: 'error\rfine', style: {}, missing: 0 }, 'error')).toBe(false);
  });

  it.each([
    ['an error here', 'error', ['an ', '[error]', ' here']],
    ['ErrorERROR', 'error', ['[Error]', '[ERROR]']],
    ['nothing', 'error', ['nothing']],
    ['any', '', ['any']],
  ])('marks in %j what is %j', (text, wanted, expected) => {
    const pieces = marked([{ text, style: {} }], wanted);
    expect(pieces.map((piece) => (piece.found ? `[${piece.text}]` : piece.text))).toEqual(expected);
  });

  it('marks what reaches over several spans', () => {
    const pieces = marked(
      [{ text: 'an er', style: {} }, { text: 'r', style: { fg: 1 } }, { text: 'or error', style: {} }],
      'error',
    );
    const words = pieces.map((piece) => (piece.found ? `[${piece.text}]` : piece.text));
    expect(words).toEqual(['an ', '[er]', '[r]', '[or]', ' ', '[error]']);
  });
});
