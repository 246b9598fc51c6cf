import { useState } from 'preact/hooks';
import { kMuster, may, post, sentence } from '../net/api';
import type { JobStatus, PipelineStatus, WorkflowStatus } from '../net/messages';
import { Ago, Fact, Heading, Loading, Name, Problem, State, useNow } from '../parts/basics';
import { Confirm } from '../parts/dialog';
import { WorkflowGraph } from '../parts/workflow_graph';
import { usePipeline } from '../parts/use_pipeline';
import { whyBlocked } from '../model/waiting';

export function Pipeline({ id }: { id: string }) {
  const { value, problem } = usePipeline(id);
  const now = useNow();
  if (problem) {
    return (
      <main>
        <Heading title="Pipeline" />
        <Problem>{problem}</Problem>
        <p>
          <a href="/pipelines">All pipelines</a>
        </p>
      </main>
    );
  }
  if (!value) return <main><Loading /></main>;
  return (
    <main>
      <Heading title={`Pipeline ${value.number}`}>
        <State state={value.state} />
        {value.state === 'running' && may('run') && <Cancel pipeline={value} />}
        {value.state !== 'running' && may('run') && <Rerun pipeline={value} />}
      </Heading>
      <About pipeline={value} now={now} />
      {value.workflows.map((workflow) => (
        <section key={workflow.id}>
          <h2>
            <Name>{workflow.name}</Name> <State state={workflow.state} />
            {wasRunAgain(workflow, value) && <span class="quiet"> run again below</span>}
          </h2>
          <WorkflowGraph workflow={workflow} pipeline={value.number} now={now} />
          <Blocked workflow={workflow} pipeline={value.number} now={now} />
        </section>
      ))}
    </main>
  );
}

function About({ pipeline, now }: { pipeline: PipelineStatus; now: number }) {
  return (
    <dl class="facts">
      <Fact name="Commit">
        <Name>{pipeline.subject || '–'}</Name>{' '}
        <code title={pipeline.revision}>{pipeline.revision.slice(0, 8)}</code>
      </Fact>
      <Fact name="Project">
        <Name>{pipeline.project}</Name>
      </Fact>
      <Fact name="Branch">
        <Name>{pipeline.branch}</Name>
      </Fact>
      <Fact name="Created">
        <Ago time={pipeline.created_at} now={now} />
      </Fact>
    </dl>
  );
}

function wasRunAgain(workflow: WorkflowStatus, pipeline: PipelineStatus): boolean {
  const later = pipeline.workflows.slice(pipeline.workflows.indexOf(workflow) + 1);
  return later.some((one) => one.name === workflow.name);
}

// All of it, or the jobs that did not succeed.
function Rerun({ pipeline }: { pipeline: PipelineStatus }) {
  const [problem, setProblem] = useState('');
  const [asked, setAsked] = useState(false);
  const rerun = (fromFailed: boolean) => async () => {
    setAsked(true);
    try {
      const path = `${kMuster}/pipelines/${encodeURIComponent(pipeline.id)}/rerun`;
      await post(path, { from_failed: fromFailed });
      setProblem('');
    } catch (error) {
      setProblem(sentence(error));
    }
    setAsked(false);
  };
  return (
    <>
      <button type="button" disabled={asked} onClick={rerun(false)}>
        Rerun
      </button>
      {pipeline.state !== 'success' && (
        <button type="button" disabled={asked} onClick={rerun(true)}>
          Rerun from failed
        </button>
      )}
      {problem && <Problem>{problem}</Problem>}
    </>
  );
}

function Cancel({ pipeline }: { pipeline: PipelineStatus }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button type="button" class="danger" onClick={() => setAsking(true)}>
        Cancel
      </button>
      {asking && (
        <Confirm
          title={`Cancel pipeline ${pipeline.number}?`}
          action="Cancel pipeline"
          onClose={() => setAsking(false)}
          work={async () => {
            await post(`${kMuster}/pipelines/${encodeURIComponent(pipeline.id)}/cancel`, {});
          }}
        >
          <p>Tasks that wait end now; those that run are ended by their agents.</p>
        </Confirm>
      )}
    </>
  );
}

// What the graph has no room for.
function Blocked(props: { workflow: WorkflowStatus; pipeline: number; now: number }) {
  const { workflow, pipeline, now } = props;
  const jobs = workflow.jobs.filter((job) => job.state === 'blocked' || job.state === 'queued');
  if (jobs.length === 0) return null;
  return (
    <ul class="queue">
      {jobs.map((job) => (
        <li key={job.id}>
          <a href={`/pipelines/${pipeline}/jobs/${job.number}`}>
            <Name longest={60}>{job.name}</Name>
          </a>
          : {waits(job, workflow.jobs, now)}
        </li>
      ))}
    </ul>
  );
}

function waits(job: JobStatus, jobs: JobStatus[], now: number) {
  if (job.state === 'blocked') return whyBlocked(job, jobs, now).join(' ');
  return (
    <>
      waits for a runner of <Name>{job.resource_class}</Name>
    </>
  );
}
