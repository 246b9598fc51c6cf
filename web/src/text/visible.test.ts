import { expect, it } from 'vitest';
import { visible } from './visible';

it.each([
  ['main', 'main'],
  ['gnp\u202eexe.png', 'gnp‹202E›exe.png'],
  ['a\x1b[31mb', 'a‹001B›[31mb'],
  ['a\nb\tc', 'a b c'],
  ['<b>&amp;"', '<b>&amp;"'],
  ['שלום עולם', 'שלום עולם'],
  ['\u2028\u009b', '‹2028›‹009B›'],
])('%j is shown as %j', (text, shown) => expect(visible(text)).toBe(shown));

it('what is long is cut', () => expect(visible('x'.repeat(400))).toBe('x'.repeat(300) + '…'));
