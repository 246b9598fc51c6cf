// Numbers from the outside. Each must be there, positive and not absurdly large.
const LIMITS = { jobsPerHour: 1e6, minutes: 1e4, runners: 1e4, maxWaitSeconds: 1e6 };
const MOST_BUSY = 5000;

export class InputError extends Error {}

export function readNumbers(source, names) {
  const numbers = {};
  for (const name of names) {
    const value = Number(source[name] || NaN);
    if (!(value > 0 && value <= LIMITS[name])) {
      throw new InputError(`${name} must be a number above 0, at most ${LIMITS[name]}`);
    }
    if (name === 'runners' && !Number.isInteger(value)) {
      throw new InputError('runners must be a whole number');
    }
    numbers[name] = value;
  }
  if ((numbers.jobsPerHour * numbers.minutes) / 60 > MOST_BUSY) {
    throw new InputError(`that would keep more than ${MOST_BUSY} runners busy`);
  }
  return numbers;
}
