// The tokens of a class: made, shown once, revoked.

import { useEffect, useState } from 'preact/hooks';
import { agentConfig } from '../model/agent_config';
import { get, kRunner, post, query, remove, sentence } from '../net/api';
import type { List, TokenItem } from '../net/messages';
import { Ago, Copy, Name, Problem, useNow } from './basics';
import { Confirm, Dialog, useWork } from './dialog';

export function Tokens({ resourceClass }: { resourceClass: string }) {
  const [items, setItems] = useState<TokenItem[]>();
  const [problem, setProblem] = useState('');
  const [made, setMade] = useState<TokenItem>();
  const [revoking, setRevoking] = useState<TokenItem>();
  const now = useNow(10_000);

  const read = () =>
    get<List<TokenItem>>(`${kRunner}/token?${query({ 'resource-class': resourceClass })}`).then(
      (list) => setItems(list.items),
      (error: unknown) => setProblem(sentence(error)),
    );
  useEffect(() => void read(), [resourceClass]);

  return (
    <div class="tokens">
      <h3>Tokens</h3>
      {problem && <Problem>{problem}</Problem>}
      {items?.length === 0 && <p class="quiet">None: no runner of this class can come in.</p>}
      <ul>
        {items?.map((item) => (
          <li key={item.id}>
            <span>
              <Name>{item.nickname || 'without a name'}</Name>{' '}
              <span class="quiet">
                made <Ago time={item.created_at} now={now} />
              </span>
            </span>
            <button
              type="button"
              aria-label={`Revoke ${item.nickname || 'token'}`}
              onClick={() => setRevoking(item)}
            >
              Revoke
            </button>
          </li>
        ))}
      </ul>
      <NewToken
        resourceClass={resourceClass}
        onMade={(item) => {
          setMade(item);
          void read();
        }}
      />
      {made && <ShownOnce item={made} onClose={() => setMade(undefined)} />}
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.nickname || 'the token'}?`}
          action="Revoke token"
          onClose={() => setRevoking(undefined)}
          work={async () => {
            await remove(`${kRunner}/token/${encodeURIComponent(revoking.id)}`);
            await read();
          }}
        >
          <p>Runners that use it take no more tasks. What they run now goes on.</p>
        </Confirm>
      )}
    </div>
  );
}

interface NewTokenProps {
  resourceClass: string;
  onMade: (item: TokenItem) => void;
}

function NewToken({ resourceClass, onMade }: NewTokenProps) {
  const [nickname, setNickname] = useState('');
  const create = useWork(async () => {
    const body = { resource_class: resourceClass, nickname: nickname.trim() };
    onMade(await post<TokenItem>(`${kRunner}/token`, body));
    setNickname('');
  });
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        create.run();
      }}
    >
      <label>
        Name of a new token
        <input
          required
          maxLength={100}
          autoComplete="off"
          value={nickname}
          onInput={(event) => setNickname(event.currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={create.busy}>
        Create token
      </button>
      {create.problem && <Problem>{create.problem}</Problem>}
    </form>
  );
}

function ShownOnce({ item, onClose }: { item: TokenItem; onClose: () => void }) {
  const config = agentConfig(location.origin, item.token ?? '');
  return (
    <Dialog title={`Token ${item.nickname}`} onClose={onClose} firm>
      <p>
        This is the only time it is shown. Keep the file where the runner's user alone can read it
        (mode 0600), and start <code>muster agent --config runner.yaml</code>.
      </p>
      <pre class="config" tabIndex={0} aria-label="runner.yaml">
        {config}
      </pre>
      <div class="buttons">
        <Copy text={config} label="Copy" />
        <button type="button" class="main" onClick={onClose}>
          I have kept it
        </button>
      </div>
    </Dialog>
  );
}
