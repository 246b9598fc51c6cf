// To drain a runner, and to remove one that is of no use any more.

import { useState } from 'preact/hooks';
import { kMuster, send } from '../net/api';
import type { Row } from '../model/runners';
import { visible } from '../text/visible';
import { Confirm } from './dialog';

const kDeeds = {
  drain: {
    word: 'Drain',
    action: 'Drain runner',
    what: 'It takes no further task. What it runs now goes on to its end. It cannot be undone.',
  },
  remove: {
    word: 'Remove',
    action: 'Remove runner',
    what: 'It is no longer listed. If it is heard of again, it gets no task at first.',
  },
};
type Deed = keyof typeof kDeeds;

function deedFor(row: Row): Deed | undefined {
  if (row.state === 'busy' || row.state === 'idle') return 'drain';
  return row.busy ? undefined : 'remove';
}

export function RunnerButtons({ row, onChanged }: { row: Row; onChanged: () => void }) {
  const [asking, setAsking] = useState<Deed>();
  const { resource_class, name } = row.item;
  const deed = deedFor(row);
  return (
    <>
      {deed && (
        <button type="button" aria-label={`${kDeeds[deed].word} ${visible(name)}`} onClick={() => setAsking(deed)}>
          {kDeeds[deed].word}
        </button>
      )}
      {asking && (
        <Confirm
          title={`${kDeeds[asking].word} ${visible(name, 80)}?`}
          action={kDeeds[asking].action}
          onClose={() => setAsking(undefined)}
          work={async () => {
            await send('POST', `${kMuster}/runners/${asking}`, { body: { resource_class, name } });
            onChanged();
          }}
        >
          <p>{kDeeds[asking].what}</p>
        </Confirm>
      )}
    </>
  );
}
