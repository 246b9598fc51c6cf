#pragma once

// What server, agent, scaler and client say to each other, in one place: the messages of the HTTP
// API as plain structs. docs/protocol.md has the paths, who may call them, and the errors.
// The JSON member names are the field names. Times are RFC 3339; durations are in milliseconds.
// An unknown member is ignored. A std::optional may be left out, and so may the fields of a request
// that json.cpp lists; every other member must be there.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "pipeline/model.hpp"
#include "protocol/role.hpp"

namespace muster::protocol {

// --- Everyone -------------------------------------------------------------------------------

struct Message {  // the shape of every error, and of "Deleted." and "Accepted."
  std::string message;
};

// An amount of some currency. In JSON a number, 0.0416, which is rounded to millionths.
struct Money {
  std::int64_t millionths = 0;

  friend auto operator<=>(const Money&, const Money&) = default;
};

// --- CircleCI's runner API (v3, and its v2 aliases) -----------------------------------------

struct RunnerTask {  // that a runner works on
  std::string id;
  std::int64_t pipeline_number = 0;
  std::int64_t job_number = 0;
  std::string job;         // its name
  std::int64_t index = 0;  // of the parallel slice, from 0
  std::optional<WallTime> started_at;
};
struct RunnerItem {
  std::string resource_class;
  std::string hostname;
  std::string name;
  WallTime first_connected{};
  WallTime last_connected{};
  WallTime last_used{};
  std::string version;
  std::string ip;
  // Ours: busy, idle, draining (with or without a task), gone (not heard of for five minutes).
  std::optional<std::string> state;
  std::optional<RunnerTask> task;
};
struct RunnerList {
  std::vector<RunnerItem> items;
};

// The part of it that says who is there, and that a scaler needs.
struct RunnerName {
  std::string resource_class;
  std::string name;
  std::optional<std::string> first_connected;  // RFC 3339; of no use to a scaler if it is not
  std::optional<std::string> last_connected;
  std::optional<std::string> last_used;
};
// Not documented of the list of runners, but of others of CircleCI's lists: its version 2 says
// next_page_token where there is more, and newer ones page.next.
struct Page {
  std::optional<std::string> next;
};
struct RunnerNames {
  std::vector<RunnerName> items;
  std::optional<std::string> next_page_token;
  std::optional<Page> page;
};

// The part that says since when it was last there; old versions do not say it.
struct RunnerContact {
  std::string name;
  std::optional<WallTime> last_connected;
};
struct RunnerContacts {
  std::vector<RunnerContact> items;
  std::optional<std::string> next_page_token;
  std::optional<Page> page;
};

struct UnclaimedTasks {
  std::int64_t unclaimed_task_count = 0;
};
struct RunningTasks {
  std::int64_t running_runner_tasks = 0;
};

struct ResourceClassItem {
  std::string id;
  std::string resource_class;
  std::string description;
  std::optional<std::int64_t> max_requeues;  // ours: how often a lapsed task is queued again
};
struct ResourceClassList {
  std::vector<ResourceClassItem> items;
};
struct NewResourceClass {
  std::string resource_class;
  std::string description = "";
  std::optional<std::string> org_id;
  std::int64_t max_requeues = 0;
};

struct TokenItem {
  std::string id;
  std::string resource_class;  // empty for a personal token
  std::string nickname;
  WallTime created_at{};
  std::optional<std::string> token;  // only in the answer to its creation
  std::optional<Role> role;          // of a personal token
};
struct TokenList {
  std::vector<TokenItem> items;
};
struct NewToken {
  std::string resource_class = "";
  std::string nickname = "";
  std::optional<std::string> org_id;
  std::optional<Role> role;  // of a personal token; run, if it is not said
};

struct ChosenRunner {  // to be drained, or removed
  std::string resource_class;
  std::string name;
};

// --- Who is signed in -----------------------------------------------------------------------

struct SignIn {  // one of the two
  std::optional<std::string> token;
  std::optional<std::string> code;
};
struct SessionStatus {
  std::string nickname;  // of the personal token
  Role role = Role::read;
  std::optional<WallTime> expires_at;  // of a session, if it is not used again; a token has none
};
struct SignInCode {
  std::string code;
  WallTime expires_at{};
};

struct AuditItem {
  std::int64_t id = 0;  // newer ones have larger ones; send it back as `before` for older items
  WallTime at{};
  std::string actor;  // nickname of the personal token
  std::string token_id;
  std::string address;  // that it was asked from
  std::string action;   // "token.revoked"
  std::string subject;  // name or id of what was changed
  std::string detail;
};
struct AuditList {
  std::vector<AuditItem> items;
};

// --- Programs of the user: what they print (docs/configuration.md) ---------------------------

struct CommandRunner {
  std::string name;  // the instance's id
  std::optional<bool> busy;
};
struct CommandQueue {
  std::int64_t unclaimed = 0;
  std::int64_t running = 0;
  std::optional<std::vector<CommandRunner>> runners;  // nothing: it cannot tell
};

struct CommandInstance {
  std::string id;
  std::optional<WallTime> launched_at;
  bool draining = false;
};
struct CommandInstances {
  std::vector<CommandInstance> instances;
};

struct CommandLaunched {
  std::vector<std::string> ids;
};

// --- Agent ----------------------------------------------------------------------------------

struct ClaimRequest {
  std::string request_id;  // the same for every retry of one claim
  std::string name;        // of the runner
  std::string hostname;
  std::string version;
  std::int64_t wait_ms = 0;         // how long to hold the request open while the queue is empty
  std::string resource_class = "";  // if not empty: the class that the runner believes it is of
};

struct WithdrawRequest {
  std::string request_id;
};

struct ClaimedTask {
  std::string task_id;
  std::int64_t attempt = 1;
  std::string token;  // for everything about this attempt
  std::int64_t lease_ms = 0;
  bool ends_with_lease = false;  // the agent must end the work before the lease does
  std::string resource_class;

  std::string pipeline_id;
  std::int64_t pipeline_number = 0;
  std::string workflow_id;
  std::string workflow_name;
  std::string job_id;
  std::int64_t job_number = 0;
  std::int64_t index = 0;  // of the parallel slice, from 0
  std::string project;
  std::string branch;
  std::string revision;       // commit id, 40 hex digits
  std::string source_sha256;  // of the pack that holds the commit
  pipeline::Job job;
};

struct HeartbeatRequest {
  std::int64_t wait_ms = 0;  // the lease is renewed at once; the answer may wait for news
};
struct HeartbeatAnswer {
  std::int64_t lease_ms = 0;
  bool canceled = false;  // end the work and finish as canceled
};

enum class StepState { running, success, failed, canceled, timedout, background };

constexpr bool is_open(StepState state) {
  return state == StepState::running || state == StepState::background;
}

struct StepUpdate {
  std::string name;
  StepState state = StepState::running;
  std::optional<std::int64_t> exit_code;
  std::optional<WallTime> started_at;
  std::optional<WallTime> ended_at;
};

struct OutputAnswer {
  std::int64_t size = 0;  // bytes held now: where the next upload starts
};

enum class TaskResult { success, failed, canceled, timedout, infrastructure_fail };

struct StepReport {
  std::int64_t index = 0;  // of the step, in the job
  StepUpdate update;
};

struct FinishRequest {
  TaskResult result = TaskResult::success;
  std::string message = "";             // why, where it is not the steps' own doing
  std::optional<StepReport> last_step;  // as if it had been sent just before, but in one with it
};

// --- Client ---------------------------------------------------------------------------------

struct SubmitPipeline {
  std::string project;
  std::string branch;
  std::string revision;
  std::string source_sha256;  // uploaded before
  std::string subject = "";   // first line of the commit message
  std::string config;         // the text of .circleci/config.yml
};

struct ConfigProblem {
  std::int64_t line = 0;
  std::int64_t column = 0;
  std::string path;
  std::string message;
};
struct ConfigRefused {  // 400
  std::string message;
  std::vector<ConfigProblem> errors;
};

struct PipelineCreated {
  std::string id;
  std::int64_t number = 0;
  std::string state;  // "created"
  WallTime created_at{};
};

struct Rerun {
  std::optional<std::string> workflow_id;  // absent: every workflow
  bool from_failed = false;                // only the jobs that did not succeed
};

struct StepStatus {
  std::int64_t index = 0;  // its place in the job, from 0; steps that never ran are left out
  std::string name;
  StepState state = StepState::running;
  std::optional<std::int64_t> exit_code;
  std::optional<WallTime> started_at;
  std::optional<WallTime> ended_at;
  std::int64_t output_size = 0;
};

// States as words: blocked queued running success failed canceled timedout infrastructure_fail
// not_run. A reader must tolerate one that it does not know.
struct TaskStatus {
  std::string id;
  std::int64_t index = 0;
  std::string state;
  std::int64_t attempt = 0;  // 0: never claimed
  std::string runner;
  std::string message;
  std::optional<WallTime> queued_at;
  std::optional<WallTime> started_at;
  std::optional<WallTime> ended_at;
  std::vector<StepStatus> steps;  // of the latest attempt
};

struct JobStatus {
  std::string id;
  std::int64_t number = 0;
  std::string name;
  std::string state;
  std::string resource_class;
  std::vector<std::string> requires_jobs;
  std::vector<TaskStatus> tasks;
  std::optional<WallTime> expected_at;  // to be queued; told if asked for, and if anybody can tell
};

struct WorkflowStatus {
  std::string id;
  std::string name;
  std::string state;  // running success failed canceled
  std::vector<JobStatus> jobs;
};

struct PipelineStatus {
  std::string id;
  std::int64_t number = 0;
  std::string version;  // opaque; send it back as `seen` to wait for a change
  std::string state;    // running success failed canceled
  std::string project;
  std::string branch;
  std::string revision;
  std::string subject;
  WallTime created_at{};
  std::vector<WorkflowStatus> workflows;
};

struct PipelineItem {
  std::string id;
  std::int64_t number = 0;
  std::string state;
  std::string project;
  std::string branch;
  std::string revision;
  std::string subject;
  WallTime created_at{};
};
struct PipelineList {
  std::vector<PipelineItem> items;
};

// --- Scaler ---------------------------------------------------------------------------------

struct RunnerActivity {
  std::string name;
  bool busy = false;
  std::int64_t tasks_claimed = 0;
  WallTime first_connected{};
  WallTime last_connected{};
  std::optional<bool> draining;  // true: it takes no further task
};

struct OtherRunner {
  std::string resource_class;
  std::string name;
};

// Tasks that do not wait yet, as tasks that run block them: what one of those releases when it
// ends, if it ends as it did before.
struct ForeseenTasks {
  WallTime expected_at{};
  std::int64_t tasks = 0;
  std::int64_t freed = 0;  // runners of the class: 1 if that one is of it
};
inline constexpr std::size_t kMostForeseen = 100;  // of a class

struct ClassDemand {
  std::string resource_class;
  std::int64_t unclaimed = 0;
  std::int64_t running = 0;
  std::optional<WallTime> oldest_queued_at;  // of the unclaimed
  std::vector<RunnerActivity> runners;
  std::optional<std::vector<ForeseenTasks>> foreseen;  // the soonest first; absent: none
};

struct Demand {
  std::string version;  // opaque; send it back as `seen` to wait for a change
  std::vector<ClassDemand> classes;
  // Runners of other classes, if they were asked for: no change of theirs is waited for.
  std::optional<std::vector<OtherRunner>> others;
};

// What a scaler saw and decided in one pass, of a class.
struct FleetDecision {
  std::optional<std::int64_t> id;  // the server's; absent in a report
  WallTime at{};
  std::int64_t desired = 0;
  std::int64_t live = 0;  // instances that were there
  std::int64_t unclaimed = 0;
  std::int64_t running = 0;
  std::int64_t launch = 0;
  std::int64_t drain = 0;
  std::int64_t end = 0;
  std::int64_t withdraw = 0;
  std::vector<std::string> reasons;  // in words
};
struct FleetDecisions {
  std::vector<FleetDecision> items;
};
inline constexpr std::size_t kMostDecisions = 50;  // of a class, in one report

// What a scaler tells the server about a class, for people to see. The server keeps the latest.
struct ClassFleet {
  std::string resource_class;
  std::int64_t desired = 0;
  std::int64_t live = 0;  // instances that exist: booting, idle, busy and draining
  std::int64_t booting = 0;
  std::int64_t idle = 0;
  std::int64_t busy = 0;
  std::int64_t draining = 0;
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::vector<std::string> reasons;       // of the latest decision, in words
  std::optional<WallTime> backoff_until;  // until then nothing is launched, after failed boots
  std::optional<WallTime> booting_since;  // the first of those that boot
  std::optional<std::string> limited_by;  // that of the reasons which keeps the fleet smaller
  std::optional<Money> price_per_hour;    // of an instance; 0 to kMostPrice
  std::optional<std::string> currency;    // of that price
  // Those since the last report that was accepted, the oldest first, kMostDecisions at most. Only
  // in a report.
  std::optional<std::vector<FleetDecision>> decisions;
};
inline constexpr Money kMostPrice{10'000'000'000};
inline constexpr std::size_t kLongestCurrency = 8;  // bytes
struct FleetReport {
  std::vector<ClassFleet> classes;
};

// A scaler reports every 10 s; after this long its last report says nothing about now.
inline constexpr Millis kLongestScalerSilence = std::chrono::seconds(30);

struct ClassStatus {
  std::string resource_class;
  std::int64_t unclaimed = 0;
  std::int64_t running = 0;
  std::optional<ClassFleet> fleet;  // absent while no scaler reports
  std::optional<WallTime> reported_at;
};
struct FleetStatus {
  std::string version;
  std::vector<ClassStatus> classes;
};

// How a class was over a span of time, by steps of it.
struct FleetPoint {
  WallTime at{};  // the step's begin
  // The most that there was at any time of the step, of each for itself.
  std::int64_t queue = 0;
  std::int64_t running = 0;
  std::int64_t desired = 0;
  std::int64_t live = 0;
  std::int64_t busy = 0;
  std::int64_t booting = 0;
  std::int64_t idle = 0;
};
struct FleetTotals {
  std::int64_t instance_ms = 0;
  std::int64_t booting_ms = 0;
  std::int64_t idle_ms = 0;
  std::int64_t busy_ms = 0;
  std::int64_t tasks = 0;               // that have ended
  std::optional<Money> cost;            // of those instances whose price was known then
  std::optional<std::string> currency;  // of the cost
};
struct FleetHistory {
  std::string resource_class;
  std::string span;  // as it was asked for
  std::int64_t step_ms = 0;
  std::vector<FleetPoint> points;  // the oldest first; the last is of the step that is now
  FleetTotals totals;
};

struct Health {
  std::string status;  // "ok"
  std::string version;
};

}  // namespace muster::protocol
