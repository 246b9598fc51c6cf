import { watchPipelines } from '../net/live';
import type { PipelineItem } from '../net/messages';
import { Ago, Heading, Loading, Name, Problem, State, Table, useNow } from '../parts/basics';
import { useLive } from '../parts/use_live';

const kMost = 100; // as many as the server lists

export function Pipelines() {
  return (
    <main>
      <Heading title="Pipelines" />
      <PipelineTable most={kMost} />
    </main>
  );
}

export function PipelineTable({ most }: { most: number }) {
  const list = useLive<PipelineItem[]>(`pipelines ${most}`, (listener) =>
    watchPipelines(most, listener),
  );
  const now = useNow();
  if (list.problem) return <Problem>{list.problem}</Problem>;
  if (!list.value) return <Loading />;
  if (list.value.length === 0) {
    return (
      <p class="empty">
        There is no pipeline yet. In a repository with a <code>.circleci/config.yml</code>, run{' '}
        <code>muster run</code>.
      </p>
    );
  }
  return (
    <Table
      label="Pipelines"
      head={['Number', 'State', 'Commit', 'Project', 'Branch', 'Created'].map((word) => (
        <th scope="col">{word}</th>
      ))}
    >
      {list.value.map((one) => (
        <PipelineRow key={one.id} one={one} now={now} />
      ))}
    </Table>
  );
}

function PipelineRow({ one, now }: { one: PipelineItem; now: number }) {
  return (
    <tr>
      <th scope="row">
        <a href={`/pipelines/${one.number}`} aria-label={`Pipeline ${one.number}`}>
          {one.number}
        </a>
      </th>
      <td>
        <State state={one.state} />
      </td>
      <td class="wide">
        <a href={`/pipelines/${one.number}`} tabIndex={-1}>
          <Name longest={90}>{one.subject || one.revision.slice(0, 8)}</Name>
        </a>
      </td>
      <td>
        <Name longest={60}>{one.project}</Name>
      </td>
      <td>
        <Name longest={60}>{one.branch}</Name>
      </td>
      <td>
        <Ago time={one.created_at} now={now} />
      </td>
    </tr>
  );
}
