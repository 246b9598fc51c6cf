// The output of one step, of which only the lines in sight are drawn.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { followOutput, outputPath } from '../net/live';
import { placeHash } from '../routes';
import type { Colour } from '../text/ansi';
import { LineStore } from '../text/lines';
import { marked, shownLine, type Piece } from '../text/shown';
import { Search } from './search';

const kLineHeight = 18; // pixels, as style.css has it
const kBeyond = 20; // lines drawn above and below those in sight
const kMostBytes = 16 << 20; // shown of a step: the last of them

interface LogProps {
  task: string;
  step: number;
  name: string;
  size: number; // of the output, when it is opened
  line?: number; // to be shown, from 1
  follow: boolean; // begins at the end, and stays there
}

function useOutput({ task, step, size }: LogProps) {
  const [, redraw] = useState({});
  const [ended, setEnded] = useState(false);
  const [problem, setProblem] = useState('');
  // Of a step that runs the size grows; where its output begins was settled when it was opened.
  const { store, skipped } = useMemo(
    () => ({ store: new LineStore(kMostBytes), skipped: Math.max(0, size - kMostBytes) }),
    [task, step],
  );
  useEffect(() => {
    const decoder = new TextDecoder();
    let scheduled = 0;
    const soon = () => {
      scheduled ||= requestAnimationFrame(() => {
        scheduled = 0;
        redraw({});
      });
    };
    const stop = followOutput(task, step, skipped, {
      bytes: (bytes) => {
        store.append(decoder.decode(bytes, { stream: true }));
        soon();
      },
      ended: () => {
        setEnded(true);
        soon();
      },
      failed: setProblem,
    });
    return () => {
      stop();
      cancelAnimationFrame(scheduled);
    };
  }, [store]);
  return { store, ended, problem, skipped };
}

export function Log(props: LogProps) {
  const { store, ended, problem, skipped } = useOutput(props);
  const [wanted, setWanted] = useState('');
  const [chosen, setChosen] = useState(props.line === undefined ? -1 : props.line - 1);
  const view = useLines(store, ended, chosen, props.follow);
  useEffect(() => {
    if (props.line === undefined) return;
    setChosen(props.line - 1);
    view.show(props.line - 1);
  }, [props.line]);
  const empty = ended && store.end === 0;
  return (
    <div class="output">
      <div class="tools">
        <Search
          store={store}
          name={props.name}
          onWanted={setWanted}
          onFound={(number) => {
            setChosen(number);
            view.show(number);
          }}
        />
        {!view.atEnd && (
          <button type="button" onClick={view.toEnd}>
            To the end
          </button>
        )}
        <a href={outputPath(props.task, props.step)} download={`step-${props.step + 1}.txt`}>
          Download
        </a>
      </div>
      <Notes problem={problem} skipped={skipped} dropped={store.first} empty={empty} />
      <div
        class="lines"
        ref={view.box}
        onScroll={view.scrolled}
        role="region"
        aria-label={`Output of ${props.name}`}
        tabIndex={0}
        hidden={empty}
      >
        <div class="whole" style={{ height: `${(store.end - store.first) * kLineHeight}px` }}>
          <div class="seen" style={{ transform: `translateY(${view.top}px)` }}>
            {view.numbers.map((number) => (
              <LineRow
                key={number}
                store={store}
                number={number}
                step={props.step}
                chosen={number === chosen}
                wanted={wanted}
                onChoose={() => setChosen(number)}
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

function Notes(props: { problem: string; skipped: number; dropped: number; empty: boolean }) {
  const missing = props.skipped > 0 || props.dropped > 0;
  return (
    <>
      {props.problem && (
        <p class="note" role="alert">
          {props.problem}
        </p>
      )}
      {missing && (
        <p class="note">
          The beginning is not shown, as it is long; the download has all.
          {props.skipped > 0 && ' Lines are counted from where this begins.'}
        </p>
      )}
      {props.empty && <p class="note">It printed nothing.</p>}
    </>
  );
}

// Which lines are in sight. Whoever looks at the end sees what comes.
function useLines(store: LineStore, ended: boolean, first: number, follow: boolean) {
  const box = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 600 });
  const [atEnd, setAtEnd] = useState(true);
  const following = useRef(follow && first < 0);
  const target = useRef(first); // a line to show as soon as it is there

  function look() {
    const element = box.current;
    if (!element) return;
    const { scrollTop, clientHeight, scrollHeight } = element;
    const near = scrollHeight - scrollTop - clientHeight < kLineHeight * 2;
    setAtEnd(near);
    if (sight.top !== scrollTop || sight.height !== clientHeight) {
      setSight({ top: scrollTop, height: clientHeight });
    }
    return near;
  }
  function show(number: number) {
    const element = box.current;
    following.current = false;
    target.current = number;
    if (!element || number >= store.end) return;
    const middle = (number - store.first) * kLineHeight - element.clientHeight / 2;
    element.scrollTop = Math.max(0, middle);
    target.current = -1;
    look();
  }
  function toEnd() {
    const element = box.current;
    following.current = true;
    if (element) element.scrollTop = element.scrollHeight;
    look();
  }
  function scrolled() {
    following.current = look() ?? false;
  }
  useLayoutEffect(() => {
    if (target.current >= 0) show(target.current);
    else if (following.current) toEnd();
    else look();
  }, [store.end, ended]);

  const from = Math.max(0, Math.floor(sight.top / kLineHeight) - kBeyond);
  const most = Math.ceil(sight.height / kLineHeight) + 2 * kBeyond;
  const count = Math.max(0, Math.min(store.end - store.first - from, most));
  const numbers = Array.from({ length: count }, (_, index) => store.first + from + index);
  return { box, scrolled, show, toEnd, atEnd, numbers, top: from * kLineHeight };
}

interface LineRowProps {
  store: LineStore;
  number: number;
  step: number;
  chosen: boolean;
  wanted: string;
  onChoose: () => void;
}

function LineRow({ store, number, step, chosen, wanted, onChoose }: LineRowProps) {
  const line = store.line(number);
  if (!line) return null;
  const { pieces, missing } = shownLine(line);
  return (
    <div class={chosen ? 'line chosen' : 'line'}>
      <a
        href={placeHash(step + 1, number + 1)}
        aria-label={`Line ${number + 1}`}
        tabIndex={-1}
        onClick={onChoose}
      >
        {number + 1}
      </a>
      <span class="text">
        {marked(pieces, wanted).map((piece) => (
          <PieceText piece={piece} />
        ))}
        {missing > 0 && <em>… {missing.toLocaleString('en')} more characters</em>}
      </span>
    </div>
  );
}

function PieceText({ piece }: { piece: Piece }) {
  const { style } = piece;
  const [fg, bg] = style.inverse ? [style.bg ?? 'page', style.fg ?? 'ink'] : [style.fg, style.bg];
  const classes = [
    ...(['bold', 'dim', 'italic', 'underline', 'strike'] as const).filter((name) => style[name]),
    ...named('f', fg),
    ...named('b', bg),
  ];
  const colours = { ...direct('color', fg), ...direct('backgroundColor', bg) };
  if (piece.found) return <mark>{piece.text}</mark>;
  if (classes.length === 0 && Object.keys(colours).length === 0) return <>{piece.text}</>;
  return (
    <span class={classes.join(' ')} style={colours}>
      {piece.text}
    </span>
  );
}

function named(kind: string, colour: Colour | undefined): string[] {
  const isNamed = typeof colour === 'number' || colour === 'page' || colour === 'ink';
  return isNamed ? [`${kind}-${colour}`] : [];
}

function direct(property: string, colour: Colour | undefined): Record<string, string> {
  return typeof colour === 'string' && colour.startsWith('rgb') ? { [property]: colour } : {};
}
