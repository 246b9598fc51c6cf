// The decisions of a scaler, in words. Pure.

import type { FleetDecision } from '../net/messages';

export interface Told {
  decision: FleetDecision;
  desired: string; // "2 → 4"
  saw: string;
  did: string;
}

function deedsOf(decision: FleetDecision): string {
  const { launch, drain, end, withdraw } = decision;
  const deeds: [number, string][] = [
    [launch, 'launches'],
    [drain, 'drains'],
    [end, 'ends'],
    [withdraw, 'withdraws'],
  ];
  return deeds
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${word} ${number}`)
    .join(', ');
}

// The newest first, as they are told. What was desired before is in the one before.
export function tell(decisions: FleetDecision[]): Told[] {
  return decisions.map((decision, index) => {
    const before = decisions[index + 1]?.desired;
    const changed = before !== undefined && before !== decision.desired;
    return {
      decision,
      desired: changed ? `${before} → ${decision.desired}` : `${decision.desired}`,
      saw: `${decision.unclaimed} wait, ${decision.running} run, ${decision.live} there`,
      did: deedsOf(decision) || 'does nothing',
    };
  });
}

// What was read now before what was read earlier, each once. If more has come meanwhile than was
// read now, what was there before is dropped: between the two there would be a hole.
export function joined(newest: FleetDecision[], earlier: FleetDecision[]): FleetDecision[] {
  const known = new Set(earlier.map((one) => one.id));
  const fresh = newest.filter((one) => !known.has(one.id));
  return fresh.length < newest.length ? [...fresh, ...earlier] : newest;
}
