#include "agent/heartbeat.hpp"

#include <algorithm>

#include "agent/backoff.hpp"
#include "base/log.hpp"
#include "base/sleep.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

constexpr Millis kFirstPause = 200ms;
constexpr Millis kLongestWait = 20s;
constexpr Millis kCallTime = 10s;  // on top of the time that the server is asked to wait
constexpr Millis kEndCheck = 100ms;

}  // namespace

Heartbeat::Heartbeat(ControlPlane& server, Attempt attempt, Lease lease, WorkEnd& end)
    : server_(&server),
      attempt_(std::move(attempt)),
      lease_(lease),
      end_(&end),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Heartbeat::wait_for_first_answer() {
  std::unique_lock lock(mutex_);
  while (!answered_ && !end_->requested()) changed_.wait_for(lock, kEndCheck);
}

void Heartbeat::first_answered() {
  const std::lock_guard lock(mutex_);
  answered_ = true;
  changed_.notify_all();
}

// Counted from when the heartbeat was sent: the server cannot have renewed the lease earlier.
void Heartbeat::hold_lease(MonotonicTime sent) {
  if (lease_.ends_with_lease) end_->hold_lease_until(sent + lease_.duration - lease_.margin());
}

Millis Heartbeat::take(const protocol::HeartbeatAnswer& answer, MonotonicTime sent) {
  if (answer.lease_ms > 0) lease_.duration = Millis(answer.lease_ms);
  hold_lease(sent);
  first_answered();
  if (!answer.canceled) return 0ms;
  end_->request(EndReason::canceled);
  return lease_.duration / 3;  // the server no longer waits, but the lease must live until the end
}

void Heartbeat::run(std::stop_token stop) {
  hold_lease(system_clock().monotonic());
  Backoff backoff;
  Millis wait = 0ms;  // the first asks for an answer at once
  // Most tasks that are over soon need none, which costs both sides as much as all else of them.
  if (!lease_.ends_with_lease) sleep_for(std::min(kFirstPause, lease_.duration / 10), stop);
  while (!stop.stop_requested()) {
    const auto sent = system_clock().monotonic();
    const auto answer = server_->heartbeat(attempt_, wait, wait + kCallTime, stop);
    if (answer) {
      backoff.reset();
      sleep_for(take(*answer, sent), stop);
      wait = std::min(kLongestWait, lease_.duration / 3);
    } else if (is_stale(answer.error())) {
      end_->request(EndReason::stale);
      return;
    } else {
      log::debug("no answer to a heartbeat", {{"reason", answer.error().message}});
      wait = 0ms;
      backoff.pause(stop);
    }
  }
}

}  // namespace muster::agent
