// Where the jobs of a workflow stand: each to the right of those it needs. Pure.

export interface GraphJob {
  name: string;
  requires: string[];
}

export interface Node {
  name: string;
  column: number;
  row: number;
}

// A line passes through these places, of which the inner ones are free of jobs.
export interface Edge {
  from: string;
  to: string;
  places: { column: number; row: number }[];
}

export interface Graph {
  nodes: Node[]; // in the order of columns, then rows
  edges: Edge[];
  columns: number;
  rows: number;
}

// The longest way from a job that needs none. A circle, which no workflow should have, is cut.
function columnsOf(jobs: GraphJob[]): Map<string, number> {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const columns = new Map<string, number>();
  const open = new Set<string>();
  function columnOf(name: string): number {
    const known = columns.get(name);
    if (known !== undefined) return known;
    const job = byName.get(name);
    if (!job || open.has(name)) return -1;
    open.add(name);
    const column = 1 + Math.max(-1, ...job.requires.map(columnOf));
    open.delete(name);
    columns.set(name, column);
    return column;
  }
  for (const job of jobs) columnOf(job.name);
  return columns;
}

// What takes a row of a column: a job, or the lines from one job to others further right.
interface Slot {
  job?: GraphJob;
  from: string[]; // what it should stand beside
  origin: string;
}

export function layOut(jobs: GraphJob[]): Graph {
  const columns = columnsOf(jobs);
  const columnOf = (name: string) => columns.get(name) ?? -1;
  const count = jobs.length === 0 ? 0 : 1 + Math.max(...columns.values());
  const reach = new Map<string, number>(); // how far to the right a job's lines go
  const needs = new Map<string, string[]>();
  for (const job of jobs) {
    const here = columnOf(job.name);
    const known = [...new Set(job.requires)].filter(
      (name) => columnOf(name) >= 0 && columnOf(name) < here,
    );
    needs.set(job.name, known);
    for (const name of known) reach.set(name, Math.max(reach.get(name) ?? 0, here));
  }

  const rowOf = new Map<string, number[]>(); // by column: of a job, then of its lines
  let rows = 0;
  for (let column = 0; column < count; column += 1) {
    const slots: Slot[] = [];
    for (const job of jobs) {
      const own = columnOf(job.name);
      if (own === column) slots.push({ job, from: needs.get(job.name) ?? [], origin: job.name });
      else if (own < column && (reach.get(job.name) ?? 0) > column) {
        slots.push({ from: [job.name], origin: job.name });
      }
    }
    const middle = new Map(
      slots.map((slot) => {
        const beside = slot.from.map((name) => rowOf.get(name)?.[column - 1] ?? 0);
        return [slot, beside.reduce((sum, row) => sum + row, 0) / Math.max(1, beside.length)];
      }),
    );
    slots.sort((one, other) => (middle.get(one) ?? 0) - (middle.get(other) ?? 0));
    slots.forEach(({ origin }, row) => {
      const places = rowOf.get(origin) ?? [];
      places[column] = row;
      rowOf.set(origin, places);
    });
    rows = Math.max(rows, slots.length);
  }

  const place = (name: string, column: number) => ({
    column,
    row: rowOf.get(name)?.[column] ?? 0,
  });
  const nodes = jobs
    .map((job): Node => ({ name: job.name, ...place(job.name, columnOf(job.name)) }))
    .sort((one, other) => one.column - other.column || one.row - other.row);
  const edges = jobs.flatMap((job) =>
    (needs.get(job.name) ?? []).map((from): Edge => {
      const places = [];
      for (let column = columnOf(from); column < columnOf(job.name); column += 1) {
        places.push(place(from, column));
      }
      return { from, to: job.name, places: [...places, place(job.name, columnOf(job.name))] };
    }),
  );
  return { nodes, edges, columns: count, rows };
}
