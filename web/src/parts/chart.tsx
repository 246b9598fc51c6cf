// The chart of a class: drawn on a canvas, which is a picture to a screen reader. What it shows is
// said in words beside it, and in a table. Each line has its own dashes, so that nobody needs the
// colour.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { kLines, kSpanMs, type Columns, type Line, type Span, type Values } from '../model/history';
import { useValue } from '../net/value';
import { theme } from '../theme';

const kHeight = 240;
const kStepsOfCount = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000];

interface Look {
  colour: string; // a property of style.css
  width: number;
  dash: number[];
}

const kLooks: Record<Line, Look> = {
  queue: { colour: '--waiting', width: 2, dash: [7, 4] },
  desired: { colour: '--ink', width: 1.5, dash: [2, 3] },
  actual: { colour: '--good', width: 2, dash: [] },
  busy: { colour: '--busy', width: 2, dash: [10, 3, 2, 3] },
};

// From below to above: of lines that lie on each other each is seen.
const kDrawn: Line[] = ['actual', 'busy', 'desired', 'queue'];

interface ChartProps {
  columns: Columns;
  span: Span;
  now: number;
  label: string; // what it shows, in words
}

function dataOf({ times, values }: Columns): uPlot.AlignedData {
  const lines = kDrawn.map((line) => values.map((value) => value && value[line]));
  return [times.map((time) => time / 1000), ...lines];
}

function timeWords(span: Span, seconds: number): string {
  const time = new Date(seconds * 1000);
  if (span === 'hour' || span === 'day') {
    return time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  }
  return time.toLocaleDateString([], { day: 'numeric', month: 'short' });
}

// So that the edge at the end of a hole, which nothing is known of, is not drawn.
const widened: uPlot.Series.GapsRefiner = (_, __, ___, ____, gaps) => gaps.map(([from, to]) => [from, to + 2]);

interface Hooks {
  span: Span;
  range: () => [number, number];
  pointed: (index: number | null | undefined) => void;
}

function optionsOf(width: number, { span, range, pointed }: Hooks): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const axis: uPlot.Axis = {
    stroke: colour('--quiet'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
  };
  return {
    width,
    height: kHeight,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: { x: { range }, y: { range: (_, __, most) => [0, Math.max(2, (most ?? 0) * 1.1)] } },
    axes: [
      { ...axis, size: 30, space: 70, values: (_, splits) => splits.map((split) => timeWords(span, split)) },
      { ...axis, size: 44, incrs: kStepsOfCount },
    ],
    series: [
      {},
      ...kDrawn.map((line): uPlot.Series => {
        const { width: thick, dash, colour: name } = kLooks[line];
        const drawn = { label: line, stroke: colour(name), width: thick, dash, gaps: widened };
        return { ...drawn, points: { show: false }, ...(stepped ? { paths: stepped } : {}) };
      }),
    ],
    hooks: { setCursor: [(plot) => pointed(plot.cursor.idx)] },
  };
}

export function Chart({ columns, span, now, label }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const until = useRef(now);
  until.current = now;
  const [at, setAt] = useState<number | null>();
  const shade = useValue(theme);
  const data = useMemo(() => dataOf(columns), [columns]);

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const range = (): [number, number] => [(until.current - kSpanMs[span]) / 1000, until.current / 1000];
    const options = optionsOf(element.clientWidth, { span, range, pointed: setAt });
    const made = new uPlot(options, data, element);
    plot.current = made;
    const fit = () => made.setSize({ width: element.clientWidth, height: kHeight });
    const watcher = new ResizeObserver(fit);
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
    };
  }, [span, shade]);
  useEffect(() => plot.current?.setData(data), [data, span, shade]);

  const shown = at === null || at === undefined ? columns.values.length - 1 : at;
  return (
    <figure class="chart">
      <Legend values={columns.values[shown]} time={columns.times[shown]} />
      <div ref={place} class="plot" role="img" aria-label={label} />
    </figure>
  );
}

function Legend({ values, time }: { values: Values | null | undefined; time: number | undefined }) {
  return (
    <figcaption class="legend">
      {kLines.map((line) => (
        <span key={line} class={`line-${line}`}>
          <svg viewBox="0 0 34 10" aria-hidden="true">
            <path d="M1 5h32" stroke-width={kLooks[line].width} stroke-dasharray={kLooks[line].dash.join(' ')} />
          </svg>
          {line} <b>{values ? values[line] : '–'}</b>
        </span>
      ))}
      {time !== undefined && <span class="quiet">at {new Date(time).toLocaleString()}</span>}
    </figcaption>
  );
}
