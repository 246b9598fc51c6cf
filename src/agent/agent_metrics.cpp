#include "agent/agent_metrics.hpp"

#include <algorithm>
#include <chrono>

#include "agent/result_word.hpp"
#include "metrics/process.hpp"

namespace muster::agent {
namespace {

using metrics::Definition;
using metrics::Kind;

constexpr Definition kTasks{Kind::counter,
                            "muster_agent_tasks_total",
                            "Tasks that were run and whose end the server has heard, by result.",
                            {"result"}};
constexpr Definition kBusy{Kind::gauge, "muster_agent_busy", "1 while a task runs."};
constexpr Definition kWait{Kind::histogram,
                           "muster_agent_claim_wait_seconds",
                           "How long the agent was free before it had a task.",
                           {},
                           metrics::kLongTimes};
constexpr Definition kOutput{Kind::counter, "muster_agent_output_bytes_total",
                             "Output of steps that the server has taken."};
constexpr Definition kCalls{
    Kind::counter,
    "muster_agent_requests_total",
    "Requests to the server, by what came of them: ok, refused, throttled, failed, timeout, "
    "unreachable. What is not ok is tried again as a rule.",
    {"outcome"}};

}  // namespace

AgentMetrics::AgentMetrics(const Clock& clock) : clock_(clock) {
  registry_.set(kBusy, {}, 0);
  registry_.add(kOutput, {}, 0);
}

void AgentMetrics::waits() {
  const std::lock_guard lock(mutex_);
  if (waits_since_) return;
  waits_since_ = clock_.monotonic();
  registry_.set(kBusy, {}, 0);
}

void AgentMetrics::claimed() {
  const std::lock_guard lock(mutex_);
  registry_.set(kBusy, {}, 1);
  if (!waits_since_) return;
  const std::chrono::duration<double> waited = clock_.monotonic() - *waits_since_;
  registry_.observe(kWait, {}, waited.count());
  waits_since_.reset();
}

void AgentMetrics::ended(protocol::TaskResult result) {
  const std::lock_guard lock(mutex_);
  registry_.add(kTasks, {word_of(result)});
  registry_.set(kBusy, {}, 0);
}

void AgentMetrics::sent_output(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  registry_.add(kOutput, {}, static_cast<double>(bytes));
}

void AgentMetrics::called(bool reached) {
  const std::lock_guard lock(mutex_);
  reached_ = reached;
}

std::string AgentMetrics::text(const std::map<std::string, std::uint64_t>& calls) {
  const std::lock_guard lock(mutex_);
  for (const auto& [outcome, count] : calls) {
    registry_.set(kCalls, {outcome}, static_cast<double>(count));
  }
  metrics::describe_process(registry_);
  return registry_.text();
}

Result<void> AgentMetrics::ready() const {
  const std::lock_guard lock(mutex_);
  if (reached_.value_or(false)) return ok();
  return Error{ErrorKind::unavailable, reached_ ? "the server cannot be reached; the log says why"
                                                : "the server has not answered yet"};
}

template <class T>
Result<T> WatchedControlPlane::noted(Result<T> answer) {
  const auto kind = answer ? ErrorKind::internal : answer.error().kind;
  if (kind != ErrorKind::cancelled) {
    metrics_.called(kind != ErrorKind::unavailable && kind != ErrorKind::timeout);
  }
  return answer;
}

Result<std::optional<protocol::ClaimedTask>> WatchedControlPlane::with_task(
    Result<std::optional<protocol::ClaimedTask>> answer) {
  if (answer && *answer) metrics_.claimed();
  return noted(std::move(answer));
}

Result<std::optional<protocol::ClaimedTask>> WatchedControlPlane::claim(
    const protocol::ClaimRequest& request, std::stop_token stop) {
  metrics_.waits();
  return with_task(server_.claim(request, std::move(stop)));
}

Result<std::optional<protocol::ClaimedTask>> WatchedControlPlane::withdraw(
    const protocol::WithdrawRequest& request, std::stop_token stop) {
  return with_task(server_.withdraw(request, std::move(stop)));
}

Result<protocol::HeartbeatAnswer> WatchedControlPlane::heartbeat(const Attempt& attempt,
                                                                 Millis wait, Millis patience,
                                                                 std::stop_token stop) {
  return noted(server_.heartbeat(attempt, wait, patience, std::move(stop)));
}

Result<void> WatchedControlPlane::update_step(const Attempt& attempt, std::size_t step,
                                              const protocol::StepUpdate& update,
                                              std::stop_token stop) {
  return noted(server_.update_step(attempt, step, update, std::move(stop)));
}

// What the server holds already it does not take again.
Result<std::uint64_t> WatchedControlPlane::put_output(const Attempt& attempt, std::size_t step,
                                                      std::uint64_t offset, std::string_view bytes,
                                                      std::stop_token stop) {
  auto held = noted(server_.put_output(attempt, step, offset, bytes, std::move(stop)));
  if (held && *held > offset) {
    metrics_.sent_output(std::min<std::uint64_t>(*held - offset, bytes.size()));
  }
  return held;
}

Result<void> WatchedControlPlane::fetch_source(const Attempt& attempt,
                                               const std::filesystem::path& file,
                                               std::stop_token stop) {
  return noted(server_.fetch_source(attempt, file, std::move(stop)));
}

Result<void> WatchedControlPlane::finish(const Attempt& attempt,
                                         const protocol::FinishRequest& request,
                                         std::stop_token stop) {
  auto heard = noted(server_.finish(attempt, request, std::move(stop)));
  if (heard) metrics_.ended(request.result);
  return heard;
}

}  // namespace muster::agent
