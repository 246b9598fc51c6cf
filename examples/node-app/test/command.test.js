import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../bin/queuewise.js', import.meta.url));

function queuewise(...args) {
  return spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
}

test('wait', () => {
  const { status, stdout } = queuewise('wait', '--jobs-per-hour=60', '--minutes=4', '--runners=4');
  assert.equal(status, 0);
  assert.equal(stdout, 'With 4 runners a job waits for ever on average.\n');
});

test('runners', () => {
  const args = ['--jobs-per-hour=60', '--minutes=4', '--max-wait=30'];
  assert.match(queuewise('runners', ...args).stdout, /^7 runners keep the mean wait at \d+ s\.$/m);
});

test('what is missing is named', () => {
  const { status, stderr } = queuewise('wait', '--minutes=4');
  assert.equal(status, 2);
  assert.match(stderr, /jobsPerHour must be a number/);
});

test('anything else explains the usage', () => {
  assert.match(queuewise().stderr, /^usage:/);
  assert.equal(queuewise('wait', '--speed').status, 2);
});
