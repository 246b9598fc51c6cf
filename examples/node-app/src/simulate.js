import { createRandom, exponential } from './random.js';

// Runs `jobs` jobs through a first-in-first-out queue and measures how long they waited.
export function simulate({ jobsPerHour, minutes, runners, jobs, seed = 1 }) {
  const random = createRandom(seed);
  const freeAt = new Array(runners).fill(0); // in seconds, of each runner
  let now = 0;
  let totalWait = 0;
  let waited = 0;
  for (let job = 0; job < jobs; job += 1) {
    now += exponential(random, 3600 / jobsPerHour);
    const runner = freeAt.indexOf(Math.min(...freeAt));
    const start = Math.max(now, freeAt[runner]);
    freeAt[runner] = start + exponential(random, minutes * 60);
    totalWait += start - now;
    if (start > now) waited += 1;
  }
  return { meanWaitSeconds: totalWait / jobs, probabilityOfWaiting: waited / jobs };
}
