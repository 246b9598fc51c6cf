import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanWaitSeconds } from '../src/erlang.js';
import { simulate } from '../src/simulate.js';

// One to five runners, four fifths of them busy: the formula and the simulation must agree.
for (const runners of [1, 2, 3, 5]) {
  test(`formula and simulation agree for ${runners} runners`, () => {
    const input = { jobsPerHour: 12 * runners, minutes: 4, runners };
    const expected = meanWaitSeconds(input);
    const { meanWaitSeconds: measured } = simulate({ ...input, jobs: 1_000_000 });
    assert(Math.abs(measured / expected - 1) < 0.1, `${measured} is far from ${expected}`);
  });
}
