import { busyRunners, meanWaitSeconds, probabilityOfWaiting, runnersFor } from './erlang.js';
import { formatSeconds } from './format.js';
import { readNumbers } from './input.js';

// What the service and the command answer. `source` holds numbers or their texts.
export function answerWait(source) {
  const input = readNumbers(source, ['jobsPerHour', 'minutes', 'runners']);
  const wait = meanWaitSeconds(input);
  const load = busyRunners(input);
  return {
    meanWaitSeconds: Number.isFinite(wait) ? wait : null,
    probabilityOfWaiting: probabilityOfWaiting(load, input.runners),
    utilization: Math.min(load / input.runners, 1),
    summary: `With ${input.runners} runners a job waits ${formatSeconds(wait)} on average.`,
  };
}

export function answerRunners(source) {
  const input = readNumbers(source, ['jobsPerHour', 'minutes', 'maxWaitSeconds']);
  const runners = runnersFor(input);
  const wait = meanWaitSeconds({ ...input, runners });
  return {
    runners,
    meanWaitSeconds: wait,
    summary: `${runners} runners keep the mean wait at ${formatSeconds(wait)}.`,
  };
}
