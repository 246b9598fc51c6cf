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

export interface RunnerActivity {
  name: string;
  busy: boolean;
  tasks_claimed: number;
  first_connected: string;
  last_connected: string;
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

export interface RunnerItem {
  resource_class: string;
  hostname: string;
  name: string;
  first_connected: string;
  last_connected: string;
  last_used: string;
  version: string;
  ip: string;
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
