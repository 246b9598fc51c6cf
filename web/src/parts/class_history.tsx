// How a class was over an hour or longer: chart, words, table, and what it has cost.

import { useMemo, useState } from 'preact/hooks';
import { kMuster, query } from '../net/api';
import type { ClassStatus, FleetHistory, FleetTotals } from '../net/messages';
import { costFacts } from '../model/cost';
import {
  columnsOf, kLines, kSpans, stretchesOf, summaryOf, valuesNow, type Span,
} from '../model/history';
import { scalerTrouble } from '../model/waiting';
import { classPath } from '../routes';
import { Loading, Problem, Table } from './basics';
import { Chart } from './chart';
import { useAsked } from './use_asked';

// How often it is asked for: about as often as there is something new to see.
const kEveryMs: Record<Span, number> = { hour: 10_000, day: 60_000, week: 300_000, month: 300_000 };
const kMostRows = 500;

interface HistoryProps {
  one: ClassStatus;
  span: Span;
  now: number;
}

export function ClassHistory({ one, span, now }: HistoryProps) {
  const name = one.resource_class;
  const path = `${kMuster}/fleet/history?${query({ 'resource-class': name, span })}`;
  const { value, problem } = useAsked<FleetHistory>(path, kEveryMs[span], undefined);
  return (
    <section aria-label="History">
      <div class="heading">
        <h2>History</h2>
        <Spans name={name} span={span} />
      </div>
      {problem && <Problem>{problem}</Problem>}
      {!value && !problem && <Loading />}
      {value && <Shown history={value} one={one} span={span} now={now} />}
    </section>
  );
}

function Spans({ name, span }: { name: string; span: Span }) {
  return (
    <nav class="choice" aria-label="Span">
      {kSpans.map((other) => (
        <a href={`${classPath(name)}?span=${other}`} aria-current={other === span ? 'true' : undefined}>
          {other}
        </a>
      ))}
    </nav>
  );
}

function Shown({ history, one, span, now }: HistoryProps & { history: FleetHistory }) {
  const live = scalerTrouble(one, now) ? undefined : valuesNow(one);
  // Drawn anew when something has changed, or the time has gone on by a step.
  const shown = live && kLines.map((line) => live[line]).join(' ');
  const turn = Math.floor(now / history.step_ms);
  const drawn = useMemo(() => ({ now, columns: columnsOf(history, live, now) }), [history, shown, turn]);
  const summary = summaryOf(history, live, span);
  return (
    <>
      <Chart {...drawn} span={span} label={summary} />
      <p>{summary}</p>
      <Rows history={history} now={now} />
      <Cost totals={history.totals} span={span} />
    </>
  );
}

// The same as the chart, for who cannot see it.
function Rows({ history, now }: { history: FleetHistory; now: number }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {open && <Stretches history={history} now={now} />}
    </details>
  );
}

function Stretches({ history, now }: { history: FleetHistory; now: number }) {
  const stretches = stretchesOf(history, now);
  if (stretches.length === 0) return <p class="quiet">Nothing is known.</p>;
  const head = ['From', 'To', ...kLines].map((word) => <th scope="col">{word}</th>);
  return (
    <>
      <Table label="History as a table" head={head}>
        {stretches.slice(0, kMostRows).map((stretch) => (
          <tr key={stretch.from}>
            <th scope="row">{new Date(stretch.from).toLocaleString()}</th>
            <td>{new Date(stretch.to).toLocaleString()}</td>
            {kLines.map((line) => (
              <td key={line}>{stretch[line]}</td>
            ))}
          </tr>
        ))}
      </Table>
      {stretches.length > kMostRows && (
        <p class="quiet">
          {kMostRows} of {stretches.length} are shown.
        </p>
      )}
    </>
  );
}

function Cost({ totals, span }: { totals: FleetTotals; span: Span }) {
  return (
    <>
      <h3>Cost of the last {span}</h3>
      <dl class="figures">
        {costFacts(totals).map(({ name, value }) => (
          <div key={name} class="figure">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {totals.cost === undefined && (
        <p class="quiet">
          To see it in money, set <code>price_per_hour</code> of the class in the scaler's configuration.
        </p>
      )}
    </>
  );
}
