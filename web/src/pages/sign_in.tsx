import { useEffect, useState } from 'preact/hooks';
import { session, signIn } from '../net/api';
import { useValue } from '../net/value';
import { useWork } from '../parts/dialog';
import { Heading, Problem } from '../parts/basics';
import { navigate } from '../routes';

// A link that signs in once: "/sign-in#code=…". What is after # is sent to nobody. Nobody is signed in
// unasked, as another's link would have what they do done in the other's name.
function codeOfLink(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get('code');
}

export function SignIn({ next }: { next: string }) {
  const [token, setToken] = useState('');
  const who = useValue(session);
  const byToken = useWork(() => signIn({ token: token.trim() }));
  const [code] = useState(codeOfLink);
  const [settled, setSettled] = useState(code === null);
  const byCode = useWork(() => signIn({ code: code ?? '' }).finally(() => setSettled(true)));

  useEffect(() => {
    if (code === null) return;
    history.replaceState(null, '', location.pathname + location.search);
  }, []);
  useEffect(() => {
    if (who && settled) navigate(next, true);
  }, [who, settled]);

  const problem = byToken.problem || (byCode.problem && linkProblem(byCode.problem));
  return (
    <main class="sign-in">
      <Heading title="Sign in" />
      {problem && <Problem>{problem}</Problem>}
      {!settled && (
        <p>
          <button
            type="button"
            class="main"
            disabled={who === undefined || byCode.busy}
            onClick={() => byCode.run()}
          >
            Sign in with this link
          </button>{' '}
          {who && <>You are signed in as {who.nickname} until then.</>}
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          byToken.run();
        }}
      >
        <label>
          Personal token
          <input
            name="token"
            type="password"
            required
            autoFocus
            autoComplete="current-password"
            spellcheck={false}
            maxLength={200}
            placeholder="mup_…"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="main" disabled={byToken.busy || byCode.busy}>
          {byToken.busy || byCode.busy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
      <p class="quiet">
        The server left your first token in the file <code>token</code> of its data directory. Others
        are made with <code>muster token create</code>.
      </p>
    </main>
  );
}

function linkProblem(said: string): string {
  return `The link did not sign you in: ${said} A link works once; a token always does.`;
}
