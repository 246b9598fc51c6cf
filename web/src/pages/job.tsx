// One job: its slices, their steps, and what these print.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { JobStatus, PipelineStatus, StepStatus, TaskStatus, WorkflowStatus } from '../net/messages';
import { isOver } from '../model/states';
import { between, duration } from '../model/times';
import { visible } from '../text/visible';
import { Fact, Heading, Loading, Name, Problem, State, useNow } from '../parts/basics';
import { Log } from '../parts/log';
import { Slices } from '../parts/slices';
import { usePipeline } from '../parts/use_pipeline';
import { WaitingFor } from '../parts/waiting_for';
import { placeOf, type Place } from '../routes';

interface Found {
  pipeline: PipelineStatus;
  workflow: WorkflowStatus;
  job: JobStatus;
}

function find(pipeline: PipelineStatus, number: number): Found | undefined {
  for (const workflow of pipeline.workflows) {
    const job = workflow.jobs.find((one) => one.number === number);
    if (job) return { pipeline, workflow, job };
  }
  return undefined;
}

export function Job(props: { pipeline: string; job: number; slice: number }) {
  const { value, problem } = usePipeline(props.pipeline);
  const now = useNow();
  const found = value && find(value, props.job);
  if (problem || (value && !found)) {
    return (
      <main>
        <Heading title="Job" />
        <Problem>{problem ?? 'There is no such job.'}</Problem>
        <p>
          <a href={problem ? '/pipelines' : `/pipelines/${props.pipeline}`}>Back</a>
        </p>
      </main>
    );
  }
  if (!found) return <main><Loading /></main>;
  return <Shown {...found} slice={props.slice} now={now} />;
}

function Shown({ pipeline, workflow, job, slice, now }: Found & { slice: number; now: number }) {
  const task = job.tasks.find((one) => one.index === slice) ?? job.tasks[0];
  return (
    <main>
      <nav class="crumbs" aria-label="Where this is">
        <a href={`/pipelines/${pipeline.number}`}>Pipeline {pipeline.number}</a>
        <span aria-hidden="true">›</span>
        <Name>{workflow.name}</Name>
      </nav>
      <Heading title={job.name}>
        <State state={job.state} />
      </Heading>
      <WaitingFor job={job} jobs={workflow.jobs} now={now} />
      {job.tasks.length > 1 && (
        <Slices
          job={job}
          chosen={task?.index ?? 0}
          path={`/pipelines/${pipeline.number}/jobs/${job.number}`}
          now={now}
        />
      )}
      {task && <Task key={task.id} job={job} task={task} now={now} />}
    </main>
  );
}

function Task({ job, task, now }: { job: JobStatus; task: TaskStatus; now: number }) {
  const waited = between(task.queued_at, task.started_at ?? task.ended_at, now);
  const ran = between(task.started_at, task.ended_at, now);
  return (
    <section aria-label={job.tasks.length > 1 ? `Slice ${task.index}` : 'Task'}>
      <dl class="facts">
        <Fact name="Class">
          <Name>{job.resource_class}</Name>
        </Fact>
        {task.runner && (
          <Fact name="Runner">
            <Name>{task.runner}</Name>
            {task.attempt > 1 && `, attempt ${task.attempt}`}
          </Fact>
        )}
        {waited !== undefined && <Fact name="Waited">{duration(waited)}</Fact>}
        {ran !== undefined && <Fact name="Ran">{duration(ran)}</Fact>}
      </dl>
      {task.message && (
        <p class="note warn">
          <Name>{task.message}</Name>
        </p>
      )}
      <Steps key={`${task.id} ${task.attempt}`} task={task} now={now} />
    </section>
  );
}

// --- Steps ----------------------------------------------------------------------------------

function usePlace(): Place | undefined {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const look = () => setPlace(placeOf(location.hash));
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);
  return place;
}

// The step that people look for first: what has failed, else what runs.
function foremost(task: TaskStatus): number | undefined {
  const failed = task.steps.find((step) => step.state === 'failed' || step.state === 'timedout');
  const running = task.steps.filter((step) => step.state === 'running').at(-1);
  return (failed ?? running)?.index;
}

function Steps({ task, now }: { task: TaskStatus; now: number }) {
  const place = usePlace();
  const [opened, setOpened] = useState<Map<number, boolean>>(new Map()); // by hand
  const latest = useRef<number>(); // whoever read it while it ran goes on reading when it has ended
  latest.current = foremost(task) ?? latest.current;
  const first = place ? place.step - 1 : latest.current;
  if (task.steps.length === 0) {
    const over = isOver(task.state);
    if (task.state === 'blocked' || task.state === 'queued') return null;
    return <p class="quiet">{over ? 'No step has run.' : 'The first step is about to begin.'}</p>;
  }
  return (
    <ol class="steps" aria-label="Steps">
      {task.steps.map((step) => {
        const open = opened.get(step.index) ?? step.index === first;
        return (
          <Step
            key={step.index}
            task={task}
            step={step}
            now={now}
            open={open}
            {...(place?.line !== undefined && place.step - 1 === step.index ? { line: place.line } : {})}
            onToggle={() => setOpened(new Map(opened).set(step.index, !open))}
          />
        );
      })}
    </ol>
  );
}

interface StepProps {
  task: TaskStatus;
  step: StepStatus;
  now: number;
  open: boolean;
  line?: number;
  onToggle: () => void;
}

function Step({ task, step, now, open, line, onToggle }: StepProps) {
  const took = between(step.started_at, step.ended_at, now);
  const id = `step-${step.index + 1}`;
  // How it was when it was opened decides where its output is looked at.
  const [follow] = useState(step.state !== 'success');
  return (
    <li class={open ? 'step open' : 'step'}>
      <button type="button" class="step-head" aria-expanded={open} aria-controls={id} onClick={onToggle}>
        <State state={step.state} bare={step.state === 'success'} />
        <span class="step-name">
          <Name longest={200}>{step.name}</Name>
        </span>
        {step.exit_code !== undefined && step.exit_code !== 0 && (
          <span class="quiet exit">exit code {step.exit_code}</span>
        )}
        {took !== undefined && <span class="took">{duration(took)}</span>}
      </button>
      <div id={id} hidden={!open}>
        {open && (
          <Log
            task={task.id}
            step={step.index}
            name={visible(step.name, 80)}
            size={step.output_size}
            follow={follow}
            {...(line === undefined ? {} : { line })}
          />
        )}
      </div>
    </li>
  );
}
