// The two kinds of tokens: of a class, with which runners come in, and personal ones.

import type { ComponentChildren } from 'preact';
import { agentConfig } from '../model/agent_config';
import { kMuster, kRunner, query } from '../net/api';
import type { TokenItem } from '../net/messages';

export interface TokenKind {
  list: string; // the path that has them
  path: string; // where one is made, and below it revoked
  none: string; // if there is none
  roles: string[]; // of which one is chosen; the first if nothing else is said
  body: { resource_class: string };
  revoked: string; // what it means that one is
  // As it is shown once.
  shown: (token: string) => { label: string; text: string; advice: ComponentChildren };
}

export function ofClass(resourceClass: string): TokenKind {
  return {
    list: `${kRunner}/token?${query({ 'resource-class': resourceClass })}`,
    path: `${kRunner}/token`,
    none: 'None: no runner of this class can come in.',
    roles: [],
    body: { resource_class: resourceClass },
    revoked: 'Runners that use it take no more tasks. What they run now goes on.',
    shown: (token) => ({
      label: 'runner.yaml',
      text: agentConfig(location.origin, token),
      advice: (
        <>
          This is the only time it is shown. Keep the file where the runner's user alone can read it
          (mode 0600), and start <code>muster agent --config runner.yaml</code>.
        </>
      ),
    }),
  };
}

export const kPersonal: TokenKind = {
  list: `${kMuster}/token`,
  path: `${kMuster}/token`,
  none: 'None.',
  roles: ['run', 'read', 'admin'],
  body: { resource_class: '' },
  revoked: 'Who uses it is let in no more, and sessions that were begun with it end at once.',
  shown: (token) => ({
    label: 'Token',
    text: token,
    advice: (
      <>
        This is the only time it is shown. Sign in with it here, or keep it in a file (mode 0600) and name that with{' '}
        <code>--token-file</code>.
      </>
    ),
  }),
};

// What a token is called where its own name is empty.
export function nameOf(item: TokenItem): string {
  return item.nickname || 'without a name';
}
