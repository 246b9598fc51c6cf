import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sliceOf } from '../script/slice.js';

test('the slices hold every item exactly once, evenly', () => {
  for (let total = 1; total < 12; total += 1) {
    for (let count = 0; count < 30; count += 1) {
      const items = Array.from({ length: count }, (_, i) => i);
      const slices = Array.from({ length: total }, (_, index) => sliceOf(items, index, total));
      assert.deepEqual(slices.flat().sort((a, b) => a - b), items);
      const sizes = slices.map((slice) => slice.length);
      assert(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }
  }
});
