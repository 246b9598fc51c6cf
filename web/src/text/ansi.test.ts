import { describe, expect, it } from 'vitest';
import { kPlain, parseAnsi, plainText } from './ansi';

const kEsc = '\x1b';

describe('colours', () => {
  it.each([
    ['31', { fg: 1 }],
    ['1;92', { bold: true, fg: 10 }],
    ['44;37', { bg: 4, fg: 7 }],
    ['38;5;9', { fg: 9 }],
    ['38;5;208', { fg: 'rgb(255 135 0)' }],
    ['48;5;244', { bg: 'rgb(128 128 128)' }],
    ['38;2;1;2;300', { fg: 'rgb(1 2 255)' }],
    ['38:2::10:20:30', { fg: 'rgb(10 20 30)' }],
    ['38:5:196', { fg: 'rgb(255 0 0)' }],
    ['4:3;7', { underline: true, inverse: true }],
    ['38;5;999', {}],
    ['38', {}],
    ['38;9;1;1', {}],
    ['1;', {}],
    ['', {}],
    ['?25', {}],
    ['999', {}],
  ])('of %j are %j', (codes, style) => {
    expect(parseAnsi(`${kEsc}[${codes}mx`).spans).toEqual([{ text: 'x', style }]);
  });

  it('end one by one', () => {
    const { spans, style } = parseAnsi(`${kEsc}[1;3;4;9;31;41mA${kEsc}[22;23;24;29;39;49mB`);
    expect(spans.map((span) => span.text)).toEqual(['A', 'B']);
    expect(spans[1]?.style).toEqual({});
    expect(style).toEqual({});
  });

  it('go on in the next line', () => {
    const first = parseAnsi(`${kEsc}[32mgreen`);
    expect(parseAnsi('still', first.style).spans).toEqual([{ text: 'still', style: { fg: 2 } }]);
    expect(parseAnsi(`${kEsc}[0m`, first.style).style).toBe(kPlain);
  });
});

describe('what is no text is dropped', () => {
  it.each([
    ['a link keeps its words', `a${kEsc}]8;;https://elsewhere.example\x07b${kEsc}]8;;\x07c`, 'abc'],
    ['a link with the other end', `a${kEsc}]8;;x${kEsc}\\b${kEsc}]8;;${kEsc}\\c`, 'abc'],
    ['a title', `${kEsc}]0;title\x07after`, 'after'],
    ['the cursor', `a${kEsc}[2J${kEsc}[1;1H${kEsc}[?25lb`, 'ab'],
    ['strings for devices', `a${kEsc}Pq#0${kEsc}\\b${kEsc}_x${kEsc}\\c${kEsc}^y\x07d`, 'abcd'],
    ['character sets', `a${kEsc}(Bb${kEsc}=c${kEsc}7d`, 'abcd'],
    ['the eight-bit forms', 'a\x9b31mb\x9d0;t\x9cc', 'abc'],
    ['other control', 'a\x00\x07\x08b\x7fc', 'abc'],
    ['an escape at the end', `a${kEsc}`, 'a'],
    ['half a sequence at the end', `a${kEsc}[`, 'a'],
  ])('%s', (_, line, text) => {
    expect(plainText(line)).toBe(text);
  });

  it('but a string of control without its end hides nothing', () => {
    expect(plainText(`a${kEsc}]0;never ends, and goes on`)).toBe('a0;never ends, and goes on');
    const late = 'x'.repeat(5000) + '\x07';
    expect(plainText(`${kEsc}]0;${late}end`)).toBe(`0;${'x'.repeat(5000)}end`);
  });

  it('tabs stay', () => expect(plainText('a\tb')).toBe('a\tb'));
});

it('marks of direction are shown as what they are', () => {
  expect(plainText('a\u202eb\u2066c\u200f')).toBe('a‹202E›b‹2066›c‹200F›');
});

it('markup is text like any other', () => {
  expect(plainText('<script>alert(1)</script>&amp;')).toBe('<script>alert(1)</script>&amp;');
});

// Whatever comes: no control character is left, and printable text of other lines is kept whole.
it('any bytes come out harmless, and in time', () => {
  const seed = Date.now() % 100_000;
  let state = seed;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  const bits = [kEsc, '[', ']', ';', '3', '8', 'm', '\x07', '\\', '\x9b', '\x9c', 'P', 'a', '\u202e', '\r'];
  for (let round = 0; round < 2_000; round += 1) {
    const line = Array.from({ length: random(40) }, () => bits[random(bits.length)]).join('');
    const text = plainText(line);
    expect(text, `seed ${seed}, round ${round}`).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u202e]/);
  }
  const worst = `${kEsc}]`.repeat(500_000);
  const began = performance.now();
  expect(plainText(worst)).toBe('');
  expect(performance.now() - began).toBeLessThan(5_000);
});
