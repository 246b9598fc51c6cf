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
}

void WorkEnd::hold_lease_until(MonotonicTime time) {
  const std::lock_guard lock(mutex_);
  lease_until_ = time;
}

std::optional<EndReason> WorkEnd::reason() {
  const std::lock_guard lock(mutex_);
  const auto now = system_clock().monotonic();
  if (!reason_ && lease_until_ && now >= *lease_until_) reason_ = EndReason::lease_lost;
  if (!reason_ && now >= deadline_) reason_ = EndReason::over_time;
  return reason_;
}

Millis WorkEnd::time_left() {
  const std::lock_guard lock(mutex_);
  const auto next = lease_until_ ? std::min(*lease_until_, deadline_) : deadline_;
  return std::max(next - system_clock().monotonic(), Millis(0));
}

// Looks now and then: that a time has come makes nothing readable.
StopAtWorkEnd::StopAtWorkEnd(WorkEnd& end)
    : watch_([this, &end](const std::stop_token& done) {
        constexpr Millis kTick(50);
        while (!done.stop_requested() && !end.requested()) std::this_thread::sleep_for(kTick);
        stop_.request_stop();
      }) {}

}  // namespace muster::agent
