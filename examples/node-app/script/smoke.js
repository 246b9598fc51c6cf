// Waits until the service has written its address to the file given, then asks it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [urlFile] = process.argv.slice(2);
const deadline = Date.now() + 20_000;
while (!existsSync(urlFile)) {
  assert(Date.now() < deadline, `the service has not written ${urlFile}`);
  await sleep(50);
}
const url = readFileSync(urlFile, 'utf8').trim();

async function get(path) {
  const response = await fetch(url + path);
  return { status: response.status, body: await response.json() };
}

assert.deepEqual(await get('/health'), { status: 200, body: { status: 'ok' } });
const { body } = await get('/runners?jobsPerHour=60&minutes=4&maxWaitSeconds=30');
console.log(body.summary);
const { body: wait } = await get(`/wait?jobsPerHour=60&minutes=4&runners=${body.runners}`);
assert(wait.meanWaitSeconds <= 30);
assert.equal((await get('/wait?runners=many')).status, 400);
console.log(`${url} answers as it should`);
