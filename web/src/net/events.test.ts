import { expect, test } from 'vitest';
import { EventParser } from './events';

const kText = 'retry: 1000\n\nevent: fleet\nid: a.b\ndata: {"classes":[]}\n\n:\n\nevent: pipelines\nid: a.c\ndata: 1\n\n';
const kEvents = [
  { name: 'fleet', id: 'a.b', data: '{"classes":[]}' },
  { name: 'pipelines', id: 'a.c', data: '1' },
];

test('events come out whole, however the text is cut', () => {
  for (let size = 1; size <= kText.length; size += 1) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < kText.length; at += size) events.push(...parser.push(kText.slice(at, at + size)));
    expect(events).toEqual(kEvents);
  }
});

test('what is not whole is no event', () => {
  const parser = new EventParser();
  expect(parser.push('event: fleet\nid: a\ndata: 1\n')).toEqual([]);
  expect(parser.push('\n')).toEqual([{ name: 'fleet', id: 'a', data: '1' }]);
});
