import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, exponential } from '../src/random.js';

const COUNT = 4_000_000;

test('a seed repeats its numbers', () => {
  const [a, b, c] = [createRandom(7), createRandom(7), createRandom(8)];
  const first = Array.from({ length: 100 }, a);
  assert.deepEqual(Array.from({ length: 100 }, b), first);
  assert.notDeepEqual(Array.from({ length: 100 }, c), first);
});

test('the numbers fill the unit interval evenly', () => {
  const random = createRandom(1);
  const buckets = new Array(16).fill(0);
  for (let i = 0; i < COUNT; i += 1) buckets[Math.floor(random() * 16)] += 1;
  for (const count of buckets) assert(Math.abs(count / (COUNT / 16) - 1) < 0.02);
});

test('exponential has the mean it was asked for', () => {
  const random = createRandom(2);
  let sum = 0;
  for (let i = 0; i < COUNT; i += 1) sum += exponential(random, 5);
  assert(Math.abs(sum / COUNT - 5) < 0.05);
});
