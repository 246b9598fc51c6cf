// Who has changed what.

import { useEffect, useState } from 'preact/hooks';
import { get, kMuster, query, sentence } from '../net/api';
import type { AuditItem, List } from '../net/messages';
import { Ago, Heading, Loading, Name, Problem, Table, useNow } from '../parts/basics';
import { useWork } from '../parts/dialog';

const kAtOnce = 100;

export function Audit() {
  const [items, setItems] = useState<AuditItem[]>();
  const [all, setAll] = useState(false);
  const [problem, setProblem] = useState('');
  const now = useNow(10_000);

  async function more(before: AuditItem[]) {
    const last = before.at(-1);
    const search = query({ limit: kAtOnce, ...(last ? { before: last.id } : {}) });
    const list = await get<List<AuditItem>>(`${kMuster}/audit?${search}`);
    setItems([...before, ...list.items]);
    setAll(list.items.length < kAtOnce);
  }
  useEffect(() => {
    more([]).catch((error: unknown) => setProblem(sentence(error)));
  }, []);
  const older = useWork(() => more(items ?? []));

  return (
    <main>
      <Heading title="Audit" />
      {(problem || older.problem) && <Problem>{problem || older.problem}</Problem>}
      {!items && !problem && <Loading />}
      {items?.length === 0 && <p class="empty">Nothing has been changed yet.</p>}
      {items && items.length > 0 && (
        <Table
          label="Changes"
          head={['When', 'Who', 'From', 'What', 'Of what', 'Detail'].map((word) => (
            <th scope="col">{word}</th>
          ))}
        >
          {items.map((item) => (
            <tr key={item.id}>
              <td>
                <Ago time={item.at} now={now} />
              </td>
              <td>
                <Name>{item.actor}</Name>
              </td>
              <td>
                <Name>{item.address}</Name>
              </td>
              <td>
                <Name>{item.action}</Name>
              </td>
              <td>
                <Name>{item.subject}</Name>
              </td>
              <td class="wide">
                <Name>{item.detail}</Name>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {items && items.length > 0 && !all && (
        <button type="button" disabled={older.busy} onClick={older.run}>
          Older ones
        </button>
      )}
    </main>
  );
}
