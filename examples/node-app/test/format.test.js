import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSeconds } from '../src/format.js';

const CASES = [
  [0, '0.0 s'],
  [0.44, '0.4 s'],
  [38.2, '38 s'],
  [59.9, '1 min 0 s'],
  [200, '3 min 20 s'],
  [7500, '2 h 5 min'],
  [Infinity, 'for ever'],
];

for (const [seconds, text] of CASES) {
  test(`${seconds} seconds are ${text}`, () => assert.equal(formatSeconds(seconds), text));
}
