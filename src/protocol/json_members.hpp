#pragma once

// The members of every message, for Boost.Describe: what the codec walks. json_codec.hpp checks
// that none is missing. For json.cpp and its test alone.

#include <boost/describe.hpp>

#include "pipeline/model.hpp"
#include "protocol/messages.hpp"

namespace muster::pipeline {

BOOST_DESCRIBE_ENUM(When, on_success, on_fail, always)
BOOST_DESCRIBE_STRUCT(RunStep, (),
                      (name, command, environment, working_directory, shell, background,
                       no_output_timeout, when))
BOOST_DESCRIBE_STRUCT(CheckoutStep, (), (name))
BOOST_DESCRIBE_STRUCT(Job, (),
                      (name, resource_class, environment, working_directory, shell, parallelism,
                       steps))

}  // namespace muster::pipeline

namespace muster::protocol {

BOOST_DESCRIBE_ENUM(Role, read, run, admin)
BOOST_DESCRIBE_ENUM(StepState, running, success, failed, canceled, timedout, background)
BOOST_DESCRIBE_ENUM(TaskResult, success, failed, canceled, timedout, infrastructure_fail)
BOOST_DESCRIBE_STRUCT(Message, (), (message))
BOOST_DESCRIBE_STRUCT(RunnerTask, (), (id, pipeline_number, job_number, job, index, started_at))
BOOST_DESCRIBE_STRUCT(RunnerItem, (),
                      (resource_class, hostname, name, first_connected, last_connected, last_used,
                       version, ip, state, task))
BOOST_DESCRIBE_STRUCT(RunnerList, (), (items))
BOOST_DESCRIBE_STRUCT(RunnerName, (),
                      (resource_class, name, first_connected, last_connected, last_used))
BOOST_DESCRIBE_STRUCT(Page, (), (next))
BOOST_DESCRIBE_STRUCT(RunnerNames, (), (items, next_page_token, page))
BOOST_DESCRIBE_STRUCT(RunnerContact, (), (name, last_connected))
BOOST_DESCRIBE_STRUCT(RunnerContacts, (), (items, next_page_token, page))
BOOST_DESCRIBE_STRUCT(UnclaimedTasks, (), (unclaimed_task_count))
BOOST_DESCRIBE_STRUCT(RunningTasks, (), (running_runner_tasks))
BOOST_DESCRIBE_STRUCT(ResourceClassItem, (), (id, resource_class, description, max_requeues))
BOOST_DESCRIBE_STRUCT(ResourceClassList, (), (items))
BOOST_DESCRIBE_STRUCT(NewResourceClass, (), (resource_class, description, org_id, max_requeues))
BOOST_DESCRIBE_STRUCT(TokenItem, (), (id, resource_class, nickname, created_at, token, role))
BOOST_DESCRIBE_STRUCT(TokenList, (), (items))
BOOST_DESCRIBE_STRUCT(NewToken, (), (resource_class, nickname, org_id, role))
BOOST_DESCRIBE_STRUCT(ChosenRunner, (), (resource_class, name))
BOOST_DESCRIBE_STRUCT(SignIn, (), (token, code))
BOOST_DESCRIBE_STRUCT(SessionStatus, (), (nickname, role, expires_at))
BOOST_DESCRIBE_STRUCT(SignInCode, (), (code, expires_at))
BOOST_DESCRIBE_STRUCT(AuditItem, (), (id, at, actor, token_id, address, action, subject, detail))
BOOST_DESCRIBE_STRUCT(AuditList, (), (items))
BOOST_DESCRIBE_STRUCT(CommandRunner, (), (name, busy))
BOOST_DESCRIBE_STRUCT(CommandQueue, (), (unclaimed, running, runners))
BOOST_DESCRIBE_STRUCT(CommandInstance, (), (id, launched_at, draining))
BOOST_DESCRIBE_STRUCT(CommandInstances, (), (instances))
BOOST_DESCRIBE_STRUCT(CommandLaunched, (), (ids))
BOOST_DESCRIBE_STRUCT(ClaimRequest, (),
                      (request_id, name, hostname, version, wait_ms, resource_class))
BOOST_DESCRIBE_STRUCT(WithdrawRequest, (), (request_id))
BOOST_DESCRIBE_STRUCT(ClaimedTask, (),
                      (task_id, attempt, token, lease_ms, ends_with_lease, resource_class,
                       pipeline_id, pipeline_number, workflow_id, workflow_name, job_id, job_number,
                       index, project, branch, revision, source_sha256, job))
BOOST_DESCRIBE_STRUCT(HeartbeatRequest, (), (wait_ms))
BOOST_DESCRIBE_STRUCT(HeartbeatAnswer, (), (lease_ms, canceled))
BOOST_DESCRIBE_STRUCT(StepUpdate, (), (name, state, exit_code, started_at, ended_at))
BOOST_DESCRIBE_STRUCT(OutputAnswer, (), (size))
BOOST_DESCRIBE_STRUCT(StepReport, (), (index, update))
BOOST_DESCRIBE_STRUCT(FinishRequest, (), (result, message, last_step))
BOOST_DESCRIBE_STRUCT(SubmitPipeline, (),
                      (project, branch, revision, source_sha256, subject, config))
BOOST_DESCRIBE_STRUCT(ConfigProblem, (), (line, column, path, message))
BOOST_DESCRIBE_STRUCT(ConfigRefused, (), (message, errors))
BOOST_DESCRIBE_STRUCT(Rerun, (), (workflow_id, from_failed))
BOOST_DESCRIBE_STRUCT(PipelineCreated, (), (id, number, state, created_at))
BOOST_DESCRIBE_STRUCT(StepStatus, (),
                      (index, name, state, exit_code, started_at, ended_at, output_size))
BOOST_DESCRIBE_STRUCT(TaskStatus, (),
                      (id, index, state, attempt, runner, message, queued_at, started_at, ended_at,
                       steps))
BOOST_DESCRIBE_STRUCT(JobStatus, (),
                      (id, number, name, state, resource_class, requires_jobs, tasks, expected_at))
BOOST_DESCRIBE_STRUCT(WorkflowStatus, (), (id, name, state, jobs))
BOOST_DESCRIBE_STRUCT(PipelineStatus, (),
                      (id, number, version, state, project, branch, revision, subject, created_at,
                       workflows))
BOOST_DESCRIBE_STRUCT(PipelineItem, (),
                      (id, number, state, project, branch, revision, subject, created_at))
BOOST_DESCRIBE_STRUCT(PipelineList, (), (items))
BOOST_DESCRIBE_STRUCT(RunnerActivity, (),
                      (name, busy, tasks_claimed, first_connected, last_connected, draining))
BOOST_DESCRIBE_STRUCT(ForeseenTasks, (), (expected_at, tasks, freed))
BOOST_DESCRIBE_STRUCT(ClassDemand, (),
                      (resource_class, unclaimed, running, oldest_queued_at, runners, foreseen))
BOOST_DESCRIBE_STRUCT(OtherRunner, (), (resource_class, name))
BOOST_DESCRIBE_STRUCT(Demand, (), (version, classes, others))
BOOST_DESCRIBE_STRUCT(FleetDecision, (),
                      (id, at, desired, live, unclaimed, running, launch, drain, end, withdraw,
                       reasons))
BOOST_DESCRIBE_STRUCT(FleetDecisions, (), (items))
BOOST_DESCRIBE_STRUCT(ClassFleet, (),
                      (resource_class, desired, live, booting, idle, busy, draining, min, max,
                       reasons, backoff_until, booting_since, limited_by, price_per_hour, currency,
                       decisions))
BOOST_DESCRIBE_STRUCT(FleetReport, (), (classes))
BOOST_DESCRIBE_STRUCT(ClassStatus, (), (resource_class, unclaimed, running, fleet, reported_at))
BOOST_DESCRIBE_STRUCT(FleetStatus, (), (version, classes))
BOOST_DESCRIBE_STRUCT(FleetPoint, (), (at, queue, running, desired, live, busy, booting, idle))
BOOST_DESCRIBE_STRUCT(FleetTotals, (),
                      (instance_ms, booting_ms, idle_ms, busy_ms, tasks, cost, currency))
BOOST_DESCRIBE_STRUCT(FleetHistory, (), (resource_class, span, step_ms, points, totals))
BOOST_DESCRIBE_STRUCT(Health, (), (status, version))

}  // namespace muster::protocol
