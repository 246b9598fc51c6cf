import { may, signOut } from '../net/api';
import { away, tryNow } from '../net/live';
import type { Session } from '../net/messages';
import { useValue } from '../net/value';
import { theme, turnTheme } from '../theme';
import { visible } from '../text/visible';
import { useNow } from './basics';
import { useWork } from './dialog';

const kPages = [
  { path: '/fleet', word: 'Fleet', pages: ['fleet', 'class'] },
  { path: '/pipelines', word: 'Pipelines', pages: ['pipelines', 'pipeline', 'job'] },
  { path: '/classes', word: 'Classes', pages: ['classes'] },
];
const kAudit = { path: '/audit', word: 'Audit', pages: ['audit'] };

export function Header({ who, page }: { who: Session; page: string }) {
  const out = useWork(signOut);
  const links = may('admin') ? [...kPages, kAudit] : kPages;
  return (
    <header>
      <Brand />
      <nav aria-label="Pages">
        {links.map((link) => (
          <a href={link.path} aria-current={link.pages.includes(page) ? 'page' : undefined}>
            {link.word}
          </a>
        ))}
      </nav>
      <div class="who">
        <span class="person">
          <bdi>{visible(who.nickname, 40)}</bdi> <span class="role">{visible(who.role, 20)}</span>
        </span>
        <ThemeButton />
        <button type="button" disabled={out.busy} onClick={out.run}>
          Sign out
        </button>
      </div>
      {out.problem && <p class="problem">{out.problem}</p>}
    </header>
  );
}

function Brand() {
  return (
    <a class="brand" href="/" aria-label="Muster, overview">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M3 12.5V8M6.5 12.5V5.5M10 12.5V3.5M13.5 12.5V7" />
      </svg>
      Muster
    </a>
  );
}

// Until it is known who looks: something to see at once.
export function Bare() {
  return (
    <header>
      <Brand />
    </header>
  );
}

function ThemeButton() {
  const now = useValue(theme);
  const other = now === 'dark' ? 'light' : 'dark';
  return (
    <button type="button" class="icon" aria-label={`Make it ${other}`} title={`Make it ${other}`} onClick={turnTheme}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="5.6" />
        <path class="filled" d="M8 2.4a5.6 5.6 0 0 1 0 11.2z" />
      </svg>
    </button>
  );
}

// The server is away: what is shown is from before.
export function Away({ quiet }: { quiet?: boolean }) {
  const state = useValue(away);
  useNow(); // for the countdown
  if (!state && !quiet) return null;
  const seconds = state ? Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000)) : 0;
  return (
    <div class="away">
      <span role="status">
        The server cannot be reached{quiet ? '; it is asked again' : '; this is as it was'}.
      </span>{' '}
      {!quiet && (
        <>
          <span aria-hidden="true">{seconds > 0 ? `Again in ${seconds} s. ` : ''}</span>
          <button type="button" onClick={tryNow}>
            Try now
          </button>
        </>
      )}
    </div>
  );
}
