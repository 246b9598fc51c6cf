#include "store/schema.hpp"

#include <array>

namespace muster::store {
namespace {

// Times are milliseconds since 1970, UTC; ids are UUIDs; states are the words of task_state.hpp.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE resource_class (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL UNIQUE,
  description  TEXT NOT NULL,
  max_requeues INTEGER NOT NULL
) STRICT;

-- A token without a class is a personal token. The token itself is in no table: `lookup` is its
-- public part, `hash` the SHA-256 of the whole.
CREATE TABLE token (
  id             TEXT PRIMARY KEY,
  lookup         TEXT NOT NULL UNIQUE,
  hash           TEXT NOT NULL,
  resource_class TEXT REFERENCES resource_class (name),
  nickname       TEXT NOT NULL,
  created_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX token_by_class ON token (resource_class);

CREATE TABLE runner (
  resource_class  TEXT NOT NULL,
  name            TEXT NOT NULL,
  hostname        TEXT NOT NULL,
  ip              TEXT NOT NULL,
  version         TEXT NOT NULL,
  tasks_claimed   INTEGER NOT NULL,
  first_connected INTEGER NOT NULL,
  last_connected  INTEGER NOT NULL,
  last_used       INTEGER NOT NULL,
  PRIMARY KEY (resource_class, name)
) WITHOUT ROWID, STRICT;
CREATE INDEX runner_by_contact ON runner (last_connected);

CREATE TABLE pipeline (
  number        INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  project       TEXT NOT NULL,
  branch        TEXT NOT NULL,
  revision      TEXT NOT NULL,
  source_sha256 TEXT NOT NULL,
  subject       TEXT NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE workflow (
  id          TEXT PRIMARY KEY,
  pipeline_id TEXT NOT NULL REFERENCES pipeline (id),
  position    INTEGER NOT NULL,
  name        TEXT NOT NULL
) STRICT;
CREATE INDEX workflow_by_pipeline ON workflow (pipeline_id, position);

CREATE TABLE job (
  number      INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  workflow_id TEXT NOT NULL REFERENCES workflow (id),
  position    INTEGER NOT NULL,
  name        TEXT NOT NULL,
  spec        TEXT NOT NULL  -- pipeline::Job as JSON
) STRICT;
CREATE INDEX job_by_workflow ON job (workflow_id, position);

CREATE TABLE requirement (
  job_id      TEXT NOT NULL REFERENCES job (id),
  required_id TEXT NOT NULL REFERENCES job (id),
  PRIMARY KEY (job_id, required_id)
) WITHOUT ROWID, STRICT;

-- `attempt` counts claims. `lease_until` is service time: milliseconds in which the server ran.
CREATE TABLE task (
  id               TEXT PRIMARY KEY,
  job_id           TEXT NOT NULL REFERENCES job (id),
  slice            INTEGER NOT NULL,
  resource_class   TEXT NOT NULL,
  state            TEXT NOT NULL,
  attempt          INTEGER NOT NULL DEFAULT 0,
  queue_position   INTEGER,
  runner           TEXT NOT NULL DEFAULT '',
  message          TEXT NOT NULL DEFAULT '',
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  lease_until      INTEGER,
  queued_at        INTEGER,
  started_at       INTEGER,
  ended_at         INTEGER
) STRICT;
CREATE INDEX task_by_job ON task (job_id, slice);
CREATE INDEX task_by_position ON task (queue_position);
CREATE INDEX task_queue ON task (resource_class, queue_position) WHERE state = 'queued';
CREATE INDEX task_running ON task (resource_class, runner) WHERE state = 'running';

-- What each claim request was answered. Without a task: it was withdrawn.
CREATE TABLE claim (
  request_id     TEXT PRIMARY KEY,
  resource_class TEXT NOT NULL,
  task_id        TEXT,
  attempt        INTEGER,
  answered_at    INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX claim_by_age ON claim (answered_at);

CREATE TABLE step (
  task_id    TEXT NOT NULL REFERENCES task (id),
  attempt    INTEGER NOT NULL,
  position   INTEGER NOT NULL,
  name       TEXT NOT NULL,
  state      TEXT NOT NULL,
  exit_code  INTEGER,
  started_at INTEGER,
  ended_at   INTEGER,
  PRIMARY KEY (task_id, attempt, position)
) WITHOUT ROWID, STRICT;
)sql";

// Who may do what, who is signed in, and who has changed what. Until now every personal token could
// do everything, and those that are there still can.
constexpr std::string_view kVersion2 = R"sql(
-- read, run or admin; of a personal token alone.
ALTER TABLE token ADD COLUMN role TEXT;
UPDATE token SET role = 'admin' WHERE resource_class IS NULL;

-- A browser in which somebody is signed in, with a personal token and no longer than that. `hash`
-- is the SHA-256 of what its cookie holds.
CREATE TABLE session (
  id       TEXT PRIMARY KEY,
  hash     TEXT NOT NULL UNIQUE,
  token_id TEXT NOT NULL REFERENCES token (id) ON DELETE CASCADE,
  begun_at INTEGER NOT NULL,
  used_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX session_by_token ON session (token_id, used_at);

-- What signs in once, in the place of a personal token.
CREATE TABLE sign_in_code (
  hash     TEXT PRIMARY KEY,
  token_id TEXT NOT NULL REFERENCES token (id) ON DELETE CASCADE,
  made_at  INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX sign_in_code_by_token ON sign_in_code (token_id, made_at);

-- Names as they were then: what they name may be gone.
CREATE TABLE audit (
  id       INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL,
  actor    TEXT NOT NULL,
  token_id TEXT NOT NULL,
  address  TEXT NOT NULL,
  action   TEXT NOT NULL,
  subject  TEXT NOT NULL,
  detail   TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
)sql";

// What each fleet was and cost, what scalers decided, and which runners are to leave.
constexpr std::string_view kVersion3 = R"sql(
-- What was in a step of time: sums, and the most of each. A step in which nothing was has no row.
-- `known`: a scaler spoke of it. The cost is in millionths of the currency.
CREATE TABLE fleet_step (
  resource_class TEXT NOT NULL,
  step_ms        INTEGER NOT NULL,
  at             INTEGER NOT NULL,
  known          INTEGER NOT NULL,
  instance_ms    INTEGER NOT NULL,
  booting_ms     INTEGER NOT NULL,
  idle_ms        INTEGER NOT NULL,
  busy_ms        INTEGER NOT NULL,
  tasks          INTEGER NOT NULL,
  cost           INTEGER,
  currency       TEXT,
  queue          INTEGER NOT NULL,
  running        INTEGER NOT NULL,
  desired        INTEGER NOT NULL,
  live           INTEGER NOT NULL,
  busy           INTEGER NOT NULL,
  booting        INTEGER NOT NULL,
  idle           INTEGER NOT NULL,
  PRIMARY KEY (resource_class, step_ms, at)
) WITHOUT ROWID, STRICT;
CREATE INDEX fleet_step_by_age ON fleet_step (step_ms, at);

CREATE TABLE fleet_decision (
  id             INTEGER PRIMARY KEY,
  resource_class TEXT NOT NULL,
  at             INTEGER NOT NULL,
  decision       TEXT NOT NULL,  -- protocol::FleetDecision as JSON
  UNIQUE (resource_class, at)
) STRICT;
CREATE INDEX fleet_decision_by_class ON fleet_decision (resource_class, id);
CREATE INDEX fleet_decision_by_age ON fleet_decision (at);

-- drained; or removed, and then nobody is to see it any more. NULL: it stays.
ALTER TABLE runner ADD COLUMN leaving TEXT;
)sql";

constexpr std::array<std::string_view, 3> kMigrations = {kVersion1, kVersion2, kVersion3};

}  // namespace

db::Migrations migrations() {
  return kMigrations;
}

}  // namespace muster::store
