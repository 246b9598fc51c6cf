import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  busyRunners,
  meanWaitSeconds,
  probabilityOfWaiting,
  runnersFor,
} from '../src/erlang.js';

const close = (actual, expected) =>
  assert(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

test('the load is what would be busy', () => {
  assert.equal(busyRunners({ jobsPerHour: 60, minutes: 4 }), 4);
});

test('with one runner, waiting is as likely as it is busy', () => {
  for (const load of [0.1, 0.5, 0.9]) close(probabilityOfWaiting(load, 1), load);
});

test('with two runners the textbook form holds', () => {
  for (const load of [0.1, 1, 1.9]) close(probabilityOfWaiting(load, 2), load ** 2 / (2 + load));
});

test('too few runners: everything waits, for ever', () => {
  assert.equal(probabilityOfWaiting(4, 4), 1);
  assert.equal(meanWaitSeconds({ jobsPerHour: 60, minutes: 4, runners: 4 }), Infinity);
});

test('more runners never lengthen the wait', () => {
  let previous = Infinity;
  for (let runners = 5; runners < 200; runners += 1) {
    const wait = meanWaitSeconds({ jobsPerHour: 60, minutes: 4, runners });
    assert(wait <= previous);
    previous = wait;
  }
});

test('runnersFor is the smallest number that is enough', () => {
  for (const maxWaitSeconds of [1, 10, 60, 600]) {
    const jobs = { jobsPerHour: 90, minutes: 7 };
    const runners = runnersFor({ ...jobs, maxWaitSeconds });
    assert(meanWaitSeconds({ ...jobs, runners }) <= maxWaitSeconds);
    assert(meanWaitSeconds({ ...jobs, runners: runners - 1 }) > maxWaitSeconds);
  }
});
