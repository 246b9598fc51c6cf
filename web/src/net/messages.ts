// What the server says, as docs/protocol.md has it. Times are RFC 3339.

export interface StepStatus {
  index: number;
  name: string;
  state: string;
  exit_code?: number;
  started_at?: string;
  ended_at?: string;
  output_size: number;
}

export interface TaskStatus {
  id: string;
  index: number;
  state: string;
  attempt: number;
  runner: string;
  message: string;
  queued_at?: string;
  started_at?: string;
  ended_at?: string;
  steps: StepStatus[];
}

export interface JobStatus {
  id: string;
  number: number;
  name: string;
  state: string;
  resource_class: string;
  requires: string[];
  tasks: TaskStatus[];
  expected_at?: string;
}

export interface WorkflowStatus {
  id: string;
  name: string;
  state: string;
  jobs: JobStatus[];
}

export interface PipelineItem {
  id: string;
  number: number;
  state: string;
  project: string;
  branch: string;
  revision: string;
  subject: string;
  created_at: string;
}

export interface PipelineStatus extends PipelineItem {
  version: string;
  workflows: WorkflowStatus[];
}

export interface ClassFleet {
  resource_class: string;
  desired: number;
  live: number;
  booting: number;
  idle: number;
  busy: number;
  draining: number;
  min: number;
  max: number;
  reasons: string[];
  backoff_until?: string;
  booting_since?: string;
  limited_by?: string; // one of the reasons
  price_per_hour?: number;
  currency?: string;
}

export interface ClassStatus {
  resource_class: string;
  unclaimed: number;
  running: number;
  fleet?: ClassFleet;
  reported_at?: string;
}

export interface FleetStatus {
  version: string;
  classes: ClassStatus[];
}

// Of a step of time the largest that there was of each.
export interface FleetPoint {
  at: string;
  queue: number;
  running: number;
  desired: number;
  live: number;
  busy: number;
  booting: number;
  idle: number;
}

export interface FleetTotals {
  instance_ms: number;
  booting_ms: number;
  idle_ms: number;
  busy_ms: number;
  tasks: number;
  cost?: number;
  currency?: string;
}

export interface FleetHistory {
  resource_class: string;
  span: string;
  step_ms: number;
  points: FleetPoint[]; // the oldest first; steps of which nothing is known are left out
  totals: FleetTotals;
}

export interface FleetDecision {
  id: number;
  at: string;
  desired: number;
  live: number;
  unclaimed: number;
  running: number;
  launch: number;
  drain: number;
  end: number;
  withdraw: number;
  reasons: string[];
}

export interface RunnerActivity {
  name: string;
  busy: boolean;
  tasks_claimed: number;
  first_connected: string;
  last_connected: string;
  draining?: boolean;
}

export interface ClassDemand {
  resource_class: string;
  unclaimed: number;
  running: number;
  oldest_queued_at?: string;
  runners: RunnerActivity[];
}

export interface Demand {
  version: string;
  classes: ClassDemand[];
}

// What a runner works on.
export interface RunnerTask {
  pipeline_number: number;
  job_number: number;
  job: string;
  index: number;
}

export interface RunnerItem {
  resource_class: string;
  hostname: string;
  name: string;
  first_connected: string;
  last_connected: string;
  last_used: string;
  version: string;
  ip: string;
  state?: string; // busy, idle, draining or gone
  task?: RunnerTask;
}

export interface ResourceClassItem {
  id: string;
  resource_class: string;
  description: string;
  max_requeues?: number;
}

export interface TokenItem {
  id: string;
  resource_class: string;
  nickname: string;
  created_at: string;
  token?: string;
  role?: string; // of a personal one
}

export interface Session {
  nickname: string;
  role: string;
  expires_at: string;
}

export interface AuditItem {
  id: number;
  at: string;
  actor: string;
  address: string;
  action: string;
  subject: string;
  detail: string;
}

export interface List<T> {
  items: T[];
}
