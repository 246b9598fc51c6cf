#include "fleet/scaler_metrics.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include "metrics/process.hpp"

namespace muster::fleet {
namespace {

using metrics::Definition;
using metrics::Kind;

// A pause of the loop is at most 30 seconds, and a pass may wait for answers meanwhile.
constexpr Millis kReadyFor = std::chrono::minutes(2);
// What passes longer than this between two passes was not seen, and is not counted.
constexpr Millis kLongestCounted = std::chrono::minutes(5);

// Passes.
constexpr Definition kPasses{
    Kind::counter,
    "muster_scaler_passes_total",
    "Passes, by what came of them: complete, held, incomplete, blind, standing_by.",
    {"outcome"}};
constexpr Definition kPassSeconds{Kind::histogram,
                                  "muster_scaler_pass_seconds",
                                  "How long a pass took, with all that it asked of others.",
                                  {},
                                  metrics::kShortTimes};
constexpr Definition kLastPass{Kind::gauge, "muster_scaler_last_pass_timestamp_seconds",
                               "When the latest pass ended that could read something."};
constexpr Definition kInCharge{Kind::gauge,
                               "muster_scaler_in_charge",
                               "1: this scaler is in charge of the class. 0: another may be.",
                               {"resource_class"}};
constexpr Definition kDecisions{Kind::counter,
                                "muster_scaler_decisions_total",
                                "Decisions, by each rule that had a say in them.",
                                {"resource_class", "rule"}};
constexpr Definition kHeld{Kind::gauge,
                           "muster_scaler_held",
                           "1: queue or instances are unknown, and nothing is done.",
                           {"resource_class"}};

// The class.
constexpr Definition kTasks{Kind::gauge,
                            "muster_scaler_queue_tasks",
                            "Tasks of the queue as it was read last. Absent: unknown.",
                            {"resource_class", "state"}};
constexpr Definition kDesired{Kind::gauge,
                              "muster_scaler_desired_instances",
                              "So many instances there should be.",
                              {"resource_class"}};
constexpr Definition kMost{Kind::gauge,
                           "muster_scaler_instances_limit",
                           "So many there may be: the policy's max, as it is now.",
                           {"resource_class"}};
constexpr Definition kInstances{
    Kind::gauge, "muster_scaler_instances", "Instances, by state.", {"resource_class", "state"}};
constexpr Definition kInstanceSeconds{Kind::counter,
                                      "muster_scaler_instance_seconds_total",
                                      "Time that instances have spent in each state.",
                                      {"resource_class", "state"}};
constexpr Definition kPrice{Kind::gauge,
                            "muster_scaler_price_per_hour",
                            "What an instance costs an hour, as configured; absent: not known.",
                            {"resource_class"}};
constexpr Definition kEndedUnused{Kind::counter,
                                  "muster_scaler_ended_unused_total",
                                  "Instances that connected and ended without a task.",
                                  {"resource_class"}};

// Launches and boots.
constexpr Definition kLaunchesAsked{Kind::counter,
                                    "muster_scaler_launches_total",
                                    "Instances whose launch was asked for.",
                                    {"resource_class"}};
constexpr Definition kLaunchesFailed{Kind::counter,
                                     "muster_scaler_launches_failed_total",
                                     "Of these, those that were not launched.",
                                     {"resource_class"}};
constexpr Definition kBootsFailed{Kind::counter,
                                  "muster_scaler_boots_failed_total",
                                  "Boots that failed: ended or overdue without a runner.",
                                  {"resource_class"}};
constexpr Definition kBackoff{Kind::gauge,
                              "muster_scaler_backoff_until_timestamp_seconds",
                              "Until then nothing is launched after failed boots; 0: it is.",
                              {"resource_class"}};
constexpr Definition kStage{Kind::histogram,
                            "muster_scaler_job_start_seconds",
                            "Stages of a job's start: read_to_launched, launched_to_registered.",
                            {"resource_class", "stage"},
                            metrics::kLongTimes};

// Calls.
constexpr Definition kCalls{
    Kind::counter,
    "muster_scaler_api_requests_total",
    "Requests to others, by what came of them: ok, refused, throttled, failed, timeout, "
    "unreachable.",
    {"service", "outcome"}};
constexpr Definition kCallLimit{Kind::gauge,
                                "muster_scaler_api_requests_per_minute_limit",
                                "So many requests a minute the configuration allows.",
                                {"service"}};

double seconds(Millis duration) {
  return std::chrono::duration<double>(duration).count();
}

double as_double(std::int64_t number) {
  return static_cast<double>(number);
}

using ByState = std::vector<std::pair<std::string_view, std::int64_t>>;

// Of a decision: who does not say that it is busy was counted as busy, idle or spent.
ByState by_state(const scaling::Counts& counts) {
  return {{"booting", counts.booting},         {"idle", counts.idle + counts.connected},
          {"busy", counts.busy + counts.used}, {"spent", counts.spent},
          {"draining", counts.draining},       {"lost", counts.lost}};
}

std::int64_t failed_boots(const ClassPass& pass) {
  const auto& [name, snapshot, decision, ended_unused] = pass;
  auto before = snapshot.state.failed_boots_in_a_row;
  if (snapshot.any_boot_succeeded) before = 0;
  before = std::max<std::int64_t>(before - snapshot.returned_boots, 0);
  return std::max<std::int64_t>(decision.next.failed_boots_in_a_row - before, 0);
}

bool has_registered(scaling::InstanceState state) {
  return state != scaling::InstanceState::booting && state != scaling::InstanceState::draining &&
         state != scaling::InstanceState::lost;
}

std::string_view word_of(const PassOutcome& outcome) {
  if (outcome.blind) return "blind";
  if (outcome.nothing_ours) return "standing_by";
  if (outcome.incomplete) return "incomplete";
  return outcome.held ? "held" : "complete";
}

}  // namespace

ScalerMetrics::ScalerMetrics(const Clock& clock) : clock_(clock) {}

void ScalerMetrics::launched(const LaunchCall& call) {
  const std::lock_guard lock(mutex_);
  const auto& name = call.place.resource_class;
  registry_.add(kLaunchesAsked, {name}, as_double(call.asked));
  registry_.add(kLaunchesFailed, {name},
                as_double(std::max<std::int64_t>(call.asked - call.launched, 0)));
  if (call.launched > 0) {
    registry_.observe(kStage, {name, "read_to_launched"}, seconds(call.since_read));
  }
}

void ScalerMetrics::decided(const std::vector<ClassPass>& classes) {
  const auto now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  for (const auto& pass : classes) {
    const auto known = counted_until_.find(pass.resource_class);
    if (known != counted_until_.end()) count_time(pass, now - known->second);
    counted_until_.insert_or_assign(pass.resource_class, now);
    describe(pass);
    note_boots(pass);
  }
}

void ScalerMetrics::describe(const ClassPass& pass) {
  const auto& [name, snapshot, decision, ended_unused] = pass;
  std::set<scaling::Rule> rules;
  for (const auto& reason : decision.reasons) rules.insert(reason.rule);
  for (const auto rule : rules) registry_.add(kDecisions, {name, to_string(rule)});
  registry_.set(kHeld, {name}, std::ranges::any_of(decision.reasons, scaling::is_hold) ? 1 : 0);
  registry_.clear(kTasks, name);
  if (const auto* demand = std::get_if<scaling::DemandReading>(&snapshot.demand)) {
    registry_.set(kTasks, {name, "waiting"}, as_double(demand->unclaimed));
    registry_.set(kTasks, {name, "running"}, as_double(demand->running));
  }
  registry_.set(kDesired, {name}, as_double(decision.desired));
  registry_.set(kMost, {name}, as_double(snapshot.policy.max));
  for (const auto& [state, count] : by_state(decision.counts)) {
    registry_.set(kInstances, {name, state}, as_double(count));
  }
  registry_.clear(kPrice, name);
  if (const auto price = prices_.find(name); price != prices_.end()) {
    registry_.set(kPrice, {name}, as_double(price->second.millionths) / 1e6);
  }
  registry_.add(kEndedUnused, {name}, as_double(ended_unused));
  registry_.add(kLaunchesAsked, {name}, 0);  // there from the first pass on
  registry_.add(kLaunchesFailed, {name}, 0);
  registry_.add(kBootsFailed, {name}, as_double(failed_boots(pass)));
  const auto& until = decision.next.backoff_until;
  registry_.set(kBackoff, {name}, until ? seconds(until->time_since_epoch()) : 0);
}

// Between two passes it is as the later one finds it: a pass follows each change soon.
void ScalerMetrics::count_time(const ClassPass& pass, Millis since_last) {
  const auto passed = seconds(std::clamp(since_last, Millis(0), kLongestCounted));
  for (const auto& [state, count] : by_state(pass.decision.counts)) {
    registry_.add(kInstanceSeconds, {pass.resource_class, state}, as_double(count) * passed);
  }
}

void ScalerMetrics::note_boots(const ClassPass& pass) {
  auto& before = booting_[pass.resource_class];
  std::map<std::string, WallTime> still;
  for (const auto& instance : pass.snapshot.instances) {
    if (instance.state == scaling::InstanceState::booting && !instance.requested) {
      still.emplace(instance.id, instance.launched_at);
    }
    const auto was = before.find(instance.id);
    if (was == before.end() || !has_registered(instance.state)) continue;
    const auto took = std::max(pass.snapshot.now - was->second, Millis(0));
    registry_.observe(kStage, {pass.resource_class, "launched_to_registered"}, seconds(took));
  }
  before = std::move(still);
}

// Another scaler tells of it now; what was counted stays.
void ScalerMetrics::forget(const std::string& resource_class) {
  for (const auto* metric : {&kHeld, &kTasks, &kDesired, &kMost, &kInstances, &kPrice, &kBackoff}) {
    registry_.clear(*metric, resource_class);
  }
  counted_until_.erase(resource_class);
  booting_.erase(resource_class);
}

void ScalerMetrics::passed(const PassOutcome& outcome, Millis took) {
  const std::lock_guard lock(mutex_);
  registry_.add(kPasses, {word_of(outcome)});
  registry_.observe(kPassSeconds, {}, seconds(took));
  for (const auto& [name, ours] : outcome.in_charge) {
    registry_.set(kInCharge, {name}, ours ? 1 : 0);
    if (!ours) forget(name);
  }
  if (outcome.blind) return;
  last_pass_ = clock_.monotonic();
  registry_.set(kLastPass, {}, seconds(clock_.wall().time_since_epoch()));
}

void ScalerMetrics::limit_calls(const std::string& service, std::int64_t per_minute) {
  const std::lock_guard lock(mutex_);
  registry_.set(kCallLimit, {service}, as_double(per_minute));
}

void ScalerMetrics::use_prices(Prices prices) {
  const std::lock_guard lock(mutex_);
  prices_ = std::move(prices);
}

std::string ScalerMetrics::text(const Calls& calls) {
  const std::lock_guard lock(mutex_);
  for (const auto& [call, count] : calls) {
    registry_.set(kCalls, {call.first, call.second}, static_cast<double>(count));
  }
  metrics::describe_process(registry_);
  return registry_.text();
}

Result<void> ScalerMetrics::ready() const {
  const std::lock_guard lock(mutex_);
  if (!last_pass_) return Error{ErrorKind::unavailable, "no pass has read anything yet"};
  const auto ago = clock_.monotonic() - *last_pass_;
  if (ago <= kReadyFor) return ok();
  return Error{ErrorKind::unavailable,
               "no pass has read anything for " + humanize(ago) + "; the log says why"};
}

}  // namespace muster::fleet
