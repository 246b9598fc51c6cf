import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { createService } from '../src/index.js';

const service = createService();
let url;

before(async () => {
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  url = `http://127.0.0.1:${service.address().port}`;
});

after(() => {
  service.closeAllConnections?.();
  service.close();
});

async function get(path) {
  const response = await fetch(url + path);
  return { status: response.status, body: await response.json() };
}

test('it is healthy', async () => {
  assert.deepEqual(await get('/health'), { status: 200, body: { status: 'ok' } });
});

test('it tells the wait', async () => {
  const { status, body } = await get('/wait?jobsPerHour=60&minutes=4&runners=5');
  assert.equal(status, 200);
  assert.equal(body.utilization, 0.8);
  assert.match(body.summary, /^With 5 runners a job waits 2 min \d+ s on average\.$/);
});

test('an endless wait is null', async () => {
  const { body } = await get('/wait?jobsPerHour=60&minutes=4&runners=1');
  assert.equal(body.meanWaitSeconds, null);
  assert.match(body.summary, /for ever/);
});

test('it recommends runners', async () => {
  const { body } = await get('/runners?jobsPerHour=60&minutes=4&maxWaitSeconds=30');
  assert.equal(body.runners, 7);
});

test('wrong input is refused with the reason', async () => {
  for (const query of ['', '?runners=0', '?jobsPerHour=1&minutes=1&runners=1.5']) {
    const { status, body } = await get(`/wait${query}`);
    assert.equal(status, 400);
    assert.match(body.message, /must be/);
  }
});

test('other paths and methods are refused', async () => {
  assert.equal((await get('/constructor')).status, 404);
  assert.equal((await fetch(`${url}/health`, { method: 'POST' })).status, 405);
});

test('it answers many at once', async () => {
  const paths = Array.from({ length: 400 }, (_, i) => `/wait?jobsPerHour=60&minutes=4&runners=${i + 5}`);
  const waits = (await Promise.all(paths.map(get))).map(({ body }) => body.meanWaitSeconds);
  assert.deepEqual(waits, [...waits].sort((a, b) => b - a));
});
