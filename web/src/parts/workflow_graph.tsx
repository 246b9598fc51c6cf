// A workflow: jobs as links, in the order in which they can run, and lines between them.

import type { JobStatus, WorkflowStatus } from '../net/messages';
import { layOut, type Edge, type Node } from '../model/graph';
import { isOver } from '../model/states';
import { duration, span } from '../model/times';
import { visible } from '../text/visible';
import { Name, State } from './basics';

const kWidth = 190;
const kHeight = 54;
const kGapX = 44;
const kGapY = 14;

interface Place {
  column: number;
  row: number;
}

function x(place: Place): number {
  return place.column * (kWidth + kGapX);
}
function y(place: Place): number {
  return place.row * (kHeight + kGapY);
}

// From the right side of the first place, through the inner ones, to the left side of the last.
function line({ places }: Edge): string {
  let path = '';
  places.forEach((place, index) => {
    const middle = y(place) + kHeight / 2;
    const before = places[index - 1];
    if (before) {
      const from = y(before) + kHeight / 2;
      const bend = x(place) - kGapX / 2;
      path += `C${bend} ${from} ${bend} ${middle} ${x(place)} ${middle}`;
      if (index < places.length - 1) path += `H${x(place) + kWidth}`;
    } else {
      path += `M${x(place) + kWidth} ${middle}`;
    }
  });
  return path;
}

interface GraphProps {
  workflow: WorkflowStatus;
  pipeline: number;
  now: number;
}

export function WorkflowGraph({ workflow, pipeline, now }: GraphProps) {
  const graph = layOut(workflow.jobs);
  const jobs = new Map(workflow.jobs.map((job) => [job.name, job]));
  const width = Math.max(0, graph.columns * (kWidth + kGapX) - kGapX);
  const height = Math.max(0, graph.rows * (kHeight + kGapY) - kGapY);
  const state = (name: string) => jobs.get(name)?.state ?? '';
  return (
    <div class="graph" role="region" aria-label={`Jobs of ${visible(workflow.name)}`} tabIndex={0}>
      <div class="plane" style={{ width: `${width}px`, height: `${height}px` }}>
        <svg width={width} height={height} aria-hidden="true">
          {graph.edges.map((edge) => (
            <path class={isOver(state(edge.from)) ? 'over' : ''} d={line(edge)} />
          ))}
        </svg>
        <ol>
          {graph.nodes.map((node) => {
            const job = jobs.get(node.name);
            return job && <Job key={job.id} job={job} node={node} pipeline={pipeline} now={now} />;
          })}
        </ol>
      </div>
    </div>
  );
}

function Job(props: { job: JobStatus; node: Node; pipeline: number; now: number }) {
  const { job, node, pipeline, now } = props;
  const took = span(job.tasks, now);
  const needs = job.requires.map((name) => visible(name)).join(', ');
  return (
    <li style={{ left: `${x(node)}px`, top: `${y(node)}px`, width: `${kWidth}px`, height: `${kHeight}px` }}>
      <a href={`/pipelines/${pipeline}/jobs/${job.number}`}>
        <span class="job-name" title={visible(job.name)}>
          <Name longest={60}>{job.name}</Name>
        </span>
        <span class="job-state">
          <State state={job.state} />
          {job.tasks.length > 1 && <span class="quiet">×{job.tasks.length}</span>}
          {took !== undefined && <span class="took">{duration(took)}</span>}
        </span>
        {needs && <span class="unseen">needs {needs}</span>}
      </a>
    </li>
  );
}
