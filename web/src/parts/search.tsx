// Finding something in the output of a step.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { LineStore } from '../text/lines';
import { kMostFound, search } from '../text/shown';

const kAfterTypingMs = 150;

interface SearchProps {
  store: LineStore;
  name: string;
  onWanted: (wanted: string) => void;
  onFound: (line: number) => void;
}

export function Search({ store, name, onWanted, onFound }: SearchProps) {
  const [text, setText] = useState('');
  const [found, setFound] = useState<number[]>([]);
  const [at, setAt] = useState(-1);
  const turn = useRef(0);

  function look(wanted: string) {
    turn.current += 1;
    const mine = turn.current;
    const stopped = () => turn.current !== mine;
    void search(store, wanted, stopped).then((numbers) => {
      if (stopped()) return;
      setFound(numbers);
      setAt(numbers.length > 0 ? 0 : -1);
      if (numbers[0] !== undefined) onFound(numbers[0]);
    });
  }
  useEffect(() => {
    onWanted(text);
    turn.current += 1;
    setFound([]);
    setAt(-1);
    if (text === '') return undefined;
    const timer = setTimeout(() => look(text), kAfterTypingMs);
    return () => clearTimeout(timer);
  }, [text]);

  function go(by: number) {
    if (found.length === 0) return;
    const next = (at + by + found.length) % found.length;
    setAt(next);
    onFound(found[next] ?? 0);
  }
  const many = found.length >= kMostFound ? `${kMostFound}+` : String(found.length);
  const tally = text === '' ? '' : found.length === 0 ? 'not found' : `${at + 1} of ${many}`;
  return (
    <div class="search" role="search">
      <input
        type="search"
        placeholder="Find"
        aria-label={`Find in the output of ${name}`}
        value={text}
        maxLength={200}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          go(event.shiftKey ? -1 : 1);
        }}
      />
      <span class="tally" role="status">
        {tally}
      </span>
      <button type="button" aria-label="Previous" disabled={found.length < 2} onClick={() => go(-1)}>
        ↑
      </button>
      <button type="button" aria-label="Next" disabled={found.length < 2} onClick={() => go(1)}>
        ↓
      </button>
    </div>
  );
}
