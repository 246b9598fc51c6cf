// What a class has cost, in figures. Pure.

import type { FleetTotals } from '../net/messages';
import { visible } from '../text/visible';

const kHourMs = 3_600_000;
const kMinuteMs = 60_000;
const kNothing = '–';

export interface CostFact {
  name: string;
  value: string;
}

function money(amount: number, currency: string): string {
  const digits = amount === 0 || amount >= 1 ? 2 : 4;
  return `${amount.toFixed(digits)} ${visible(currency, 8)}`;
}

function ratio(part: number, whole: number, words: (value: number) => string): string {
  return whole > 0 ? words(part / whole) : kNothing;
}

const percent = (share: number) => `${Math.round(100 * share)} %`;

export function costFacts(totals: FleetTotals): CostFact[] {
  const { instance_ms, tasks, cost, currency = 'USD' } = totals;
  const idle = { name: 'Idle share', value: ratio(totals.idle_ms, instance_ms, percent) };
  const booting = { name: 'Booting share', value: ratio(totals.booting_ms, instance_ms, percent) };
  const jobs = { name: 'Jobs ended', value: String(tasks) };
  const hours = { name: 'Instance-hours', value: (instance_ms / kHourMs).toFixed(2) };
  if (cost === undefined) {
    const minutes = ratio(instance_ms / kMinuteMs, tasks, (value) => value.toFixed(1));
    return [hours, idle, booting, jobs, { name: 'Instance-minutes per job', value: minutes }];
  }
  const each = ratio(cost, tasks, (value) => money(value, currency));
  const whole = { name: 'Cost', value: money(cost, currency) };
  return [whole, hours, idle, booting, jobs, { name: 'Cost per job', value: each }];
}
