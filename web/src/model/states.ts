// The words of states, and what they look like. Pure.

export type Look = 'good' | 'bad' | 'busy' | 'waiting' | 'off';

interface Known {
  word: string;
  look: Look;
}

const kStates: Record<string, Known> = {
  blocked: { word: 'blocked', look: 'off' },
  queued: { word: 'queued', look: 'waiting' },
  running: { word: 'running', look: 'busy' },
  background: { word: 'in the background', look: 'busy' },
  success: { word: 'success', look: 'good' },
  failed: { word: 'failed', look: 'bad' },
  timedout: { word: 'timed out', look: 'bad' },
  infrastructure_fail: { word: 'runner lost', look: 'bad' },
  canceled: { word: 'canceled', look: 'off' },
  not_run: { word: 'not run', look: 'off' },
};

export function wordOf(state: string): string {
  return kStates[state]?.word ?? state;
}

export function lookOf(state: string): Look {
  return kStates[state]?.look ?? 'off';
}

export function isOver(state: string): boolean {
  return !['blocked', 'queued', 'running'].includes(state);
}
