-- A database of version 1, whose server was stopped while one task ran and one waited.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE claim (
  request_id     TEXT PRIMARY KEY,
  resource_class TEXT NOT NULL,
  task_id        TEXT,
  attempt        INTEGER,
  answered_at    INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE job (
  number      INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  workflow_id TEXT NOT NULL REFERENCES workflow (id),
  position    INTEGER NOT NULL,
  name        TEXT NOT NULL,
  spec        TEXT NOT NULL  -- pipeline::Job as JSON
) STRICT;
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
CREATE TABLE requirement (
  job_id      TEXT NOT NULL REFERENCES job (id),
  required_id TEXT NOT NULL REFERENCES job (id),
  PRIMARY KEY (job_id, required_id)
) WITHOUT ROWID, STRICT;
CREATE TABLE resource_class (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL UNIQUE,
  description  TEXT NOT NULL,
  max_requeues INTEGER NOT NULL
) STRICT;
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
CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID, STRICT;
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
CREATE TABLE token (
  id             TEXT PRIMARY KEY,
  lookup         TEXT NOT NULL UNIQUE,
  hash           TEXT NOT NULL,
  resource_class TEXT REFERENCES resource_class (name),
  nickname       TEXT NOT NULL,
  created_at     INTEGER NOT NULL
) STRICT;
CREATE TABLE workflow (
  id          TEXT PRIMARY KEY,
  pipeline_id TEXT NOT NULL REFERENCES pipeline (id),
  position    INTEGER NOT NULL,
  name        TEXT NOT NULL
) STRICT;
CREATE INDEX token_by_class ON token (resource_class);
CREATE INDEX runner_by_contact ON runner (last_connected);
CREATE INDEX workflow_by_pipeline ON workflow (pipeline_id, position);
CREATE INDEX job_by_workflow ON job (workflow_id, position);
CREATE INDEX task_by_job ON task (job_id, slice);
CREATE INDEX task_by_position ON task (queue_position);
CREATE INDEX task_queue ON task (resource_class, queue_position) WHERE state = 'queued';
CREATE INDEX task_running ON task (resource_class, runner) WHERE state = 'running';
CREATE INDEX claim_by_age ON claim (answered_at);
INSERT INTO "claim" VALUES('its request','local/small','01a229de-079c-735e-92e6-3b15f0b0327c',1,1795998746549);
INSERT INTO "job" VALUES(1,'01a229de-079c-7463-acab-3c262000190c','01a229de-079b-75db-8614-179f6cdefff5',0,'j','{"name":"j","resource_class":"local/small","environment":{},"working_directory":"~/project","shell":"/bin/bash -eo pipefail","parallelism":2,"steps":[{"name":"true","command":"true","environment":{},"background":false,"no_output_timeout":600000,"when":"on_success","type":"run"}]}');
INSERT INTO "pipeline" VALUES(1,'01a229de-079b-75b6-86ed-fa73de953e16','example/app','main','63e5a1f476f6b86a3c38eb3149bbdf3223cc4a50','55e74a59876dbff4721dc9517ea86632435aae405ca4f5677a378983609a8e56','A change',1795998746521);
INSERT INTO "resource_class" VALUES('01a229de-0662-74e1-884e-e03b258a9e8a','local/small','',0);
INSERT INTO "runner" VALUES('local/small','r','host','127.0.0.1','test',1,1795998746549,1795998746563,1795998746549);
INSERT INTO "setting" VALUES('organization','01a229de-060a-751e-9c70-d5f49470f12e');
INSERT INTO "setting" VALUES('service_time_ms','448');
INSERT INTO "setting" VALUES('token_key','0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "step" VALUES('01a229de-079c-735e-92e6-3b15f0b0327c',1,0,'step','running',NULL,NULL,NULL);
INSERT INTO "task" VALUES('01a229de-079c-735e-92e6-3b15f0b0327c','01a229de-079c-7463-acab-3c262000190c',0,'local/small','running',1,1,'r','',0,300404,1795998746521,1795998746549,NULL);
INSERT INTO "task" VALUES('01a229de-07a1-7842-8523-baf55a641ccb','01a229de-079c-7463-acab-3c262000190c',1,'local/small','queued',0,2,'','',0,NULL,1795998746521,NULL,NULL);
INSERT INTO "token" VALUES('01a229de-060d-740b-830e-ed2cb8477184','mup_0000000000000000','a0b74b8a03f37ce4afd7341ea3f1f4a7f919a5396d2cca33ae40640e3605cedb',NULL,'first',1795998746124);
INSERT INTO "token" VALUES('01a229de-066e-7828-a0a7-0f365ee5a4c6','muc_0000000000000000','291b311a0da3fa5865536ce91267d3071f944b08997a89b4658808d921f8a5f7','local/small','test',1795998746221);
INSERT INTO "workflow" VALUES('01a229de-079b-75db-8614-179f6cdefff5','01a229de-079b-75b6-86ed-fa73de953e16',0,'main');
