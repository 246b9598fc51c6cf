import { expect, it } from 'vitest';
import { layOut, type GraphJob } from './graph';

const job = (name: string, ...requires: string[]): GraphJob => ({ name, requires });

function columns(jobs: GraphJob[]): Record<string, number> {
  return Object.fromEntries(layOut(jobs).nodes.map((node) => [node.name, node.column]));
}

it('each job is right of all that it needs', () => {
  const jobs = [job('d', 'a', 'c'), job('a'), job('c', 'b'), job('b', 'a'), job('e')];
  expect(columns(jobs)).toEqual({ a: 0, e: 0, b: 1, c: 2, d: 3 });
});

it('nothing is nothing', () => {
  expect(layOut([])).toEqual({ nodes: [], edges: [], columns: 0, rows: 0 });
});

it('a line passes no job that it has nothing to do with', () => {
  const graph = layOut([job('a'), job('b', 'a'), job('c', 'b'), job('d', 'a', 'c')]);
  const taken = new Set(graph.nodes.map((node) => `${node.column} ${node.row}`));
  const long = graph.edges.find((edge) => edge.from === 'a' && edge.to === 'd');
  expect(long?.places.map((place) => place.column)).toEqual([0, 1, 2, 3]);
  for (const place of long?.places.slice(1, -1) ?? []) {
    expect(taken.has(`${place.column} ${place.row}`)).toBe(false);
  }
  expect(graph.rows).toBe(2);
});

it('circles and unknown names are survived', () => {
  const graph = layOut([job('a', 'b'), job('b', 'a'), job('c', 'missing'), job('c2', 'c', 'c')]);
  expect(graph.nodes.length).toBe(4);
  expect(graph.edges.filter((edge) => edge.to === 'c2').length).toBe(1);
});

it('no two jobs stand at one place, whatever the workflow', () => {
  const seed = Date.now() % 100_000;
  let state = seed;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  for (let round = 0; round < 200; round += 1) {
    const jobs: GraphJob[] = [];
    for (let number = 0; number < 1 + random(30); number += 1) {
      const needs = jobs.filter(() => random(8) === 0).map((one) => one.name);
      jobs.push(job(`j${number}`, ...needs));
    }
    const graph = layOut(jobs);
    const places = new Set(graph.nodes.map((node) => `${node.column} ${node.row}`));
    expect(places.size, `seed ${seed}, round ${round}`).toBe(jobs.length);
    const column = columns(jobs);
    for (const edge of graph.edges) {
      expect(column[edge.from], `seed ${seed}`).toBeLessThan(column[edge.to] ?? 0);
      for (const { column: at, row } of edge.places.slice(1, -1)) {
        expect(places.has(`${at} ${row}`), `seed ${seed}, round ${round}`).toBe(false);
      }
    }
  }
});
