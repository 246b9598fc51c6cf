#include "agent/work_end.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

namespace muster::agent {

WorkEnd::WorkEnd(MonotonicTime deadline)
    : deadline_(deadline), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void WorkEnd::request(EndReason reason) {
  const std::lock_guard lock(mutex_);
  if (!reason_) reason_ = reason;
  ::eventfd_write(event_.get(), 1);
  changed_.notify_all();
}

void WorkEnd::hold_lease_until(MonotonicTime time) {
  const std::lock_guard lock(mutex_);
  lease_until_ = time;
  changed_.notify_all();
}

std::optional<EndReason> WorkEnd::reason() {
  const std::lock_guard lock(mutex_);
  return reason_at(system_clock().monotonic());
}

std::optional<EndReason> WorkEnd::reason_at(MonotonicTime now) {
  if (!reason_ && lease_until_ && now >= *lease_until_) reason_ = EndReason::lease_lost;
  if (!reason_ && now >= deadline_) reason_ = EndReason::over_time;
  return reason_;
}

MonotonicTime WorkEnd::next() const {
  return lease_until_ ? std::min(*lease_until_, deadline_) : deadline_;
}

Millis WorkEnd::time_left() {
  const std::lock_guard lock(mutex_);
  return std::max(next() - system_clock().monotonic(), Millis(0));
}

bool WorkEnd::wait(const std::stop_token& stop) {
  // A machine that was asleep is late for what ended meanwhile: this clock stood still.
  constexpr Millis kLongest = std::chrono::seconds(1);
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto now = system_clock().monotonic();
    if (reason_at(now)) return true;
    if (stop.stop_requested()) return false;
    const auto held = lease_until_;
    changed_.wait_for(lock, stop, std::min(next() - now, kLongest),
                      [&] { return reason_ || lease_until_ != held; });
  }
}

StopAtWorkEnd::StopAtWorkEnd(WorkEnd& end)
    : watch_([this, &end](const std::stop_token& done) {
        if (end.wait(done)) stop_.request_stop();
      }) {}

}  // namespace muster::agent
