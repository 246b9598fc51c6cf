#pragma once

// For tests: a server in memory that behaves and records. It can be cut off and restored, lose
// answers, cancel and declare an attempt stale. Thread-safe.

#include <condition_variable>
#include <deque>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <type_traits>
#include <vector>

#include "agent/control_plane.hpp"
#include "base/sleep.hpp"

namespace muster::agent {

class FakeControlPlane final : public ControlPlane {
 public:
  // --- What a test arranges

  void queue(protocol::ClaimedTask task) {
    change([&] { queue_.push_back(std::move(task)); });
  }
  void set_reachable(bool reachable) {
    change([&] { reachable_ = reachable; });
  }
  void lose_answers(int count) {
    change([&] { answers_to_lose_ = count; });
  }
  // The next answer is lost, and it is cut off from then on.
  void crash_at_next_answer() {
    change([&] { crashes_ = true; });
  }
  void cancel() {
    change([&] { canceled_ = true; });
  }
  void make_stale() {
    change([&] { stale_ = true; });
  }
  void refuse_claims(Error error) {
    change([&] { refusal_ = std::move(error); });
  }
  void limit_output(std::size_t bytes) {
    change([&] { output_limit_ = bytes; });
  }
  void refuse_steps(Error error) {
    change([&] { step_refusal_ = std::move(error); });
  }
  void refuse_finish(Error error) {
    change([&] { finish_refusal_ = std::move(error); });
  }
  void refuse_sources(Error error, int times) {
    change([&] { source_refusal_ = std::move(error), source_refusals_ = times; });
  }
  void set_source(std::string pack) {
    change([&] { source_ = std::move(pack); });
  }

  // --- What it saw

  std::string output(std::size_t step) {
    return look([&] { return output_[step]; });
  }
  std::map<std::size_t, protocol::StepUpdate> steps() {
    return look([&] { return steps_; });
  }
  std::optional<protocol::FinishRequest> result() {
    return look([&] { return result_; });
  }
  std::set<std::string> claims() {
    return look([&] { return claims_; });
  }
  std::set<std::string> withdrawn() {
    return look([&] { return withdrawn_; });
  }
  std::string claimed_class() {
    return look([&] { return claimed_class_; });
  }
  int withdrawals_tried() {
    return look([&] { return withdrawals_tried_; });
  }
  int output_refusals() {
    return look([&] { return output_refusals_; });
  }
  int finish_calls() {
    return look([&] { return finish_calls_; });
  }
  int heartbeats() {
    return look([&] { return heartbeats_; });
  }
  int step_calls() {
    return look([&] { return step_calls_; });
  }
  int calls_while_cut_off() {
    return look([&] { return calls_while_cut_off_; });
  }
  int doubtful_output() {
    return look([&] { return doubtful_output_; });
  }

  // Waits for what is seen to be so; false if it is not in good time.
  template <class Condition>
  bool wait_until(Condition condition) {
    const auto deadline = system_clock().monotonic() + std::chrono::seconds(20);
    while (!condition()) {
      if (system_clock().monotonic() > deadline) return false;
      sleep_for(Millis(2), {});
    }
    return true;
  }
  bool wait_for_output(std::size_t step, std::string_view text) {
    return wait_until([&] { return output(step).find(text) != std::string::npos; });
  }

  // --- ControlPlane

  using Claim = Result<std::optional<protocol::ClaimedTask>>;

  Claim claim(const protocol::ClaimRequest& request, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    if (refusal_) return *refusal_;
    claim_arrived_ = reachable_;
    if (!reachable_) return unreachable();
    claims_.insert(request.request_id);
    claimed_class_ = request.resource_class;
    changed_.wait_for(lock, stop, Millis(request.wait_ms),
                      [&] { return !queue_.empty() || given_.contains(request.request_id); });
    auto task = give(request.request_id);
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped"};
    if (lose_this_answer()) return unreachable();
    return task;
  }

  bool claim_may_have_arrived() const override { return claim_arrived_; }

  Claim withdraw(const protocol::WithdrawRequest& request, std::stop_token) override {
    const std::lock_guard lock(mutex_);
    ++withdrawals_tried_;
    if (!reachable_) return unreachable();
    withdrawn_.insert(request.request_id);
    const auto given = given_.find(request.request_id);
    if (given == given_.end()) return std::optional<protocol::ClaimedTask>();
    return std::optional(given->second);
  }

  Result<protocol::HeartbeatAnswer> heartbeat(const Attempt&, Millis wait, Millis,
                                              std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    ++heartbeats_;
    changed_.wait_for(lock, stop, wait, [&] { return canceled_ || stale_ || !reachable_; });
    if (auto wrong = check(); !wrong) return wrong.error();
    return protocol::HeartbeatAnswer{lease_ms_, canceled_};
  }

  Result<void> update_step(const Attempt&, std::size_t step, const protocol::StepUpdate& update,
                           std::stop_token) override {
    const std::lock_guard lock(mutex_);
    if (auto wrong = check(); !wrong) return wrong;
    if (step_refusal_) return *step_refusal_;
    ++step_calls_;
    steps_[step] = update;
    return lose_this_answer() ? Result<void>(unreachable()) : ok();
  }

  Result<std::uint64_t> put_output(const Attempt&, std::size_t step, std::uint64_t offset,
                                   std::string_view bytes, std::stop_token) override {
    const std::lock_guard lock(mutex_);
    if (auto wrong = check(); !wrong) return wrong.error();
    auto& held = output_[step];
    const bool ended =
        steps_[step].ended_at && steps_[step].state != protocol::StepState::background;
    if (ended || offset > held.size()) ++doubtful_output_;
    if (offset + bytes.size() > output_limit_) {
      ++output_refusals_;
      return Error{ErrorKind::too_large, "too much output"};
    }
    if (offset <= held.size() && offset + bytes.size() > held.size()) {
      held += bytes.substr(held.size() - offset);
    }
    if (lose_this_answer()) return unreachable();
    return held.size();
  }

  Result<void> fetch_source(const Attempt&, const std::filesystem::path& file,
                            std::stop_token) override {
    const std::lock_guard lock(mutex_);
    if (auto wrong = check(); !wrong) return wrong;
    if (source_refusals_ > 0 && source_refusals_-- > 0) return *source_refusal_;
    std::ofstream(file, std::ios::binary) << source_;
    return ok();
  }

  Result<void> finish(const Attempt&, const protocol::FinishRequest& request,
                      std::stop_token) override {
    const std::lock_guard lock(mutex_);
    ++finish_calls_;
    if (auto wrong = check(); !wrong) return wrong;
    if (finish_refusal_) return *finish_refusal_;
    if (const auto& last = request.last_step) {
      steps_[static_cast<std::size_t>(last->index)] = last->update;
    }
    result_ = request;
    return lose_this_answer() ? Result<void>(unreachable()) : ok();
  }

 private:
  Error unreachable() {
    if (!reachable_) ++calls_while_cut_off_;
    return {ErrorKind::unavailable, "cannot be reached"};
  }

  Result<void> check() {
    if (!reachable_) return unreachable();
    if (stale_) return Error{ErrorKind::conflict, "stale"};
    return ok();
  }

  bool lose_this_answer() {
    if (crashes_) reachable_ = false;
    if (std::exchange(crashes_, false)) return true;
    return answers_to_lose_ > 0 && answers_to_lose_-- > 0;
  }

  std::optional<protocol::ClaimedTask> give(const std::string& request_id) {
    if (!given_.contains(request_id)) {
      if (queue_.empty() || withdrawn_.contains(request_id)) return std::nullopt;
      given_[request_id] = queue_.front();
      queue_.pop_front();
    }
    return given_[request_id];
  }

  template <class Change>
  void change(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  template <class Look>
  std::invoke_result_t<Look&> look(Look look) {
    const std::lock_guard lock(mutex_);
    return look();
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<protocol::ClaimedTask> queue_;
  std::map<std::string, protocol::ClaimedTask> given_;  // by request id
  std::set<std::string> claims_;
  std::string claimed_class_;
  std::set<std::string> withdrawn_;
  int withdrawals_tried_ = 0;
  bool reachable_ = true;
  bool canceled_ = false;
  bool stale_ = false;
  int answers_to_lose_ = 0;
  bool crashes_ = false;
  bool claim_arrived_ = false;  // only the thread that claims looks
  int calls_while_cut_off_ = 0;
  int finish_calls_ = 0;
  int heartbeats_ = 0;
  int step_calls_ = 0;
  int doubtful_output_ = 0;  // that left a gap, or came after the end of its step
  std::int64_t lease_ms_ = 0;
  std::optional<Error> refusal_;
  std::optional<Error> step_refusal_;
  std::optional<Error> source_refusal_;
  int source_refusals_ = 0;
  std::optional<Error> finish_refusal_;
  std::size_t output_limit_ = std::numeric_limits<std::size_t>::max();
  int output_refusals_ = 0;
  std::string source_;
  std::map<std::size_t, std::string> output_;
  std::map<std::size_t, protocol::StepUpdate> steps_;
  std::optional<protocol::FinishRequest> result_;
};

}  // namespace muster::agent
