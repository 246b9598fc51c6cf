// The tokens of a kind: made, shown once, revoked.

import { useEffect, useState } from 'preact/hooks';
import { get, post, remove, sentence } from '../net/api';
import type { List, TokenItem } from '../net/messages';
import { visible } from '../text/visible';
import { Ago, Copy, Name, Problem, useNow } from './basics';
import { Confirm, Dialog, useWork } from './dialog';
import { nameOf, type TokenKind } from './token_kinds';

export function Tokens({ kind }: { kind: TokenKind }) {
  const [items, setItems] = useState<TokenItem[]>();
  const [problem, setProblem] = useState('');
  const [made, setMade] = useState<TokenItem>();
  const [revoking, setRevoking] = useState<TokenItem>();
  const now = useNow(10_000);

  const read = () =>
    get<List<TokenItem>>(kind.list).then(
      (list) => setItems(list.items),
      (error: unknown) => setProblem(sentence(error)),
    );
  useEffect(() => void read(), [kind.list]);

  return (
    <div class="tokens">
      {kind.roles.length === 0 && <h3>Tokens</h3>}
      {problem && <Problem>{problem}</Problem>}
      {items?.length === 0 && <p class="quiet">{kind.none}</p>}
      <ul>
        {items?.map((item) => (
          <TokenRow key={item.id} item={item} now={now} onRevoke={() => setRevoking(item)} />
        ))}
      </ul>
      <NewToken
        kind={kind}
        onMade={(item) => {
          setMade(item);
          void read();
        }}
      />
      {made && <ShownOnce kind={kind} item={made} onClose={() => setMade(undefined)} />}
      {revoking && (
        <Confirm
          title={`Revoke ${visible(revoking.nickname, 80) || 'the token'}?`}
          action="Revoke token"
          onClose={() => setRevoking(undefined)}
          work={async () => {
            await remove(`${kind.path}/${encodeURIComponent(revoking.id)}`);
            await read();
          }}
        >
          <p>{kind.revoked}</p>
        </Confirm>
      )}
    </div>
  );
}

function TokenRow({ item, now, onRevoke }: { item: TokenItem; now: number; onRevoke: () => void }) {
  return (
    <li>
      <span>
        <Name>{nameOf(item)}</Name> {item.role && <span class="role">{visible(item.role, 20)}</span>}{' '}
        <span class="quiet">
          made <Ago time={item.created_at} now={now} />
        </span>
      </span>
      <button type="button" aria-label={`Revoke ${visible(item.nickname) || 'token'}`} onClick={onRevoke}>
        Revoke
      </button>
    </li>
  );
}

function NewToken({ kind, onMade }: { kind: TokenKind; onMade: (item: TokenItem) => void }) {
  const [nickname, setNickname] = useState('');
  const [role, setRole] = useState(kind.roles[0]);
  const create = useWork(async () => {
    const body = { ...kind.body, nickname: nickname.trim(), ...(role ? { role } : {}) };
    onMade(await post<TokenItem>(kind.path, body));
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
      {kind.roles.length > 0 && (
        <label class="small">
          Role
          <select value={role} onChange={(event) => setRole(event.currentTarget.value)}>
            {kind.roles.map((word) => (
              <option key={word}>{word}</option>
            ))}
          </select>
        </label>
      )}
      <button type="submit" disabled={create.busy}>
        Create token
      </button>
      {create.problem && <Problem>{create.problem}</Problem>}
    </form>
  );
}

function ShownOnce({ kind, item, onClose }: { kind: TokenKind; item: TokenItem; onClose: () => void }) {
  const { label, text, advice } = kind.shown(item.token ?? '');
  return (
    <Dialog title={`Token ${visible(item.nickname, 80)}`} onClose={onClose} firm>
      <p>{advice}</p>
      <pre class="config" tabIndex={0} role="group" aria-label={label}>
        {text}
      </pre>
      <div class="buttons">
        <Copy text={text} label="Copy" />
        <button type="button" class="main" onClick={onClose}>
          I have kept it
        </button>
      </div>
    </Dialog>
  );
}
