// The M/M/c queue: jobs arrive at random, take exponentially long, and wait in one line for any of
// `runners` equal runners. `load` is in erlangs: how many runners would be busy if none ever lacked.

export function busyRunners({ jobsPerHour, minutes }) {
  return (jobsPerHour * minutes) / 60;
}

// Erlang C. The recursion over runners avoids the factorials of the textbook form.
export function probabilityOfWaiting(load, runners) {
  if (load >= runners) return 1;
  let blocked = 1; // Erlang B with no runner
  for (let c = 1; c <= runners; c += 1) blocked = (load * blocked) / (c + load * blocked);
  return blocked / (1 - (load / runners) * (1 - blocked));
}

// Infinity when the queue would grow without end.
export function meanWaitSeconds({ jobsPerHour, minutes, runners }) {
  const load = busyRunners({ jobsPerHour, minutes });
  if (load >= runners) return Infinity;
  return (probabilityOfWaiting(load, runners) * minutes * 60) / (runners - load);
}

// The smallest number of runners with a mean wait of at most `maxWaitSeconds`.
export function runnersFor({ jobsPerHour, minutes, maxWaitSeconds }) {
  let runners = Math.floor(busyRunners({ jobsPerHour, minutes })) + 1;
  while (meanWaitSeconds({ jobsPerHour, minutes, runners }) > maxWaitSeconds) runners += 1;
  return runners;
}
