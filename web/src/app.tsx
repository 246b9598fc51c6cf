import { useEffect, useState } from 'preact/hooks';
import { askSession, session } from './net/api';
import { useValue } from './net/value';
import { Away, Bare, Header } from './parts/header';
import { Heading } from './parts/basics';
import { Audit } from './pages/audit';
import { FleetClass } from './pages/class';
import { Classes } from './pages/classes';
import { Fleet } from './pages/fleet';
import { Job } from './pages/job';
import { Overview } from './pages/overview';
import { Pipeline } from './pages/pipeline';
import { Pipelines } from './pages/pipelines';
import { SignIn } from './pages/sign_in';
import { address, navigate, routeOf, type Route } from './routes';

const kAskAgainMs = 3_000;

// Asks who is signed in until there is an answer.
function useSession() {
  const who = useValue(session);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (who !== undefined) return undefined;
    let timer = 0;
    const ask = () =>
      askSession().then(
        () => setLost(false),
        () => {
          setLost(true);
          timer = setTimeout(ask, kAskAgainMs);
        },
      );
    void ask();
    return () => clearTimeout(timer);
  }, [who === undefined]);
  return { who, lost };
}

export function App() {
  useValue(address);
  const { who, lost } = useSession();
  const route = routeOf(location.pathname, location.search);
  const signingIn = route.page === 'sign-in';
  useEffect(() => {
    if (who !== null || signingIn) return;
    const here = location.pathname + location.search + location.hash;
    navigate(here === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(here)}`, true);
  }, [who, signingIn]);

  if (signingIn) return <SignIn next={route.next} />;
  if (!who) {
    return (
      <>
        <Bare />
        {lost && <Away quiet />}
      </>
    );
  }
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <Header who={who} page={route.page} />
      <Away />
      <div id="content" tabIndex={-1}>
        <Page route={route} />
      </div>
    </>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'overview': return <Overview />;
    case 'fleet': return <Fleet />;
    case 'class': return <FleetClass key={route.name} name={route.name} span={route.span} />;
    case 'pipelines': return <Pipelines />;
    case 'pipeline': return <Pipeline key={route.pipeline} id={route.pipeline} />;
    case 'job': return <Job key={`${route.pipeline} ${route.job}`} {...route} />;
    case 'classes': return <Classes />;
    case 'audit': return <Audit />;
    default: return <Nowhere />;
  }
}

function Nowhere() {
  return (
    <main>
      <Heading title="Nothing is here" />
      <p>
        There is no such page. <a href="/">To the overview</a>
      </p>
    </main>
  );
}
