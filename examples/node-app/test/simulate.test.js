import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from '../src/simulate.js';

test('the same seed gives the same result', () => {
  const input = { jobsPerHour: 60, minutes: 4, runners: 5, jobs: 10_000, seed: 3 };
  assert.deepEqual(simulate(input), simulate(input));
});

test('with more runners than jobs nobody waits', () => {
  const result = simulate({ jobsPerHour: 600, minutes: 60, runners: 50, jobs: 50 });
  assert.deepEqual(result, { meanWaitSeconds: 0, probabilityOfWaiting: 0 });
});

test('an overloaded queue grows with time', () => {
  const input = { jobsPerHour: 60, minutes: 4, runners: 3 };
  const early = simulate({ ...input, jobs: 10_000 });
  const late = simulate({ ...input, jobs: 1_000_000 });
  assert(late.meanWaitSeconds > 50 * early.meanWaitSeconds);
});
