// Dark or light: as the machine is, until somebody chooses.

import { Value } from './net/value';

export type Theme = 'dark' | 'light';
const kKept = 'theme';
const machine = matchMedia('(prefers-color-scheme: dark)');

function kept(): Theme | null {
  try {
    const word = localStorage.getItem(kKept);
    return word === 'dark' || word === 'light' ? word : null;
  } catch {
    return null; // a browser that keeps nothing
  }
}

function ofMachine(): Theme {
  return machine.matches ? 'dark' : 'light';
}

export const theme = new Value<Theme>(kept() ?? ofMachine());

function show(): void {
  document.documentElement.dataset['theme'] = theme.get();
}

export function startTheme(): void {
  show();
  theme.subscribe(show);
  machine.addEventListener('change', () => kept() ?? theme.set(ofMachine()));
}

export function turnTheme(): void {
  const next = theme.get() === 'dark' ? 'light' : 'dark';
  try {
    if (next === ofMachine()) localStorage.removeItem(kKept);
    else localStorage.setItem(kKept, next);
  } catch {
    // Then it lasts until the page is closed.
  }
  theme.set(next);
}
