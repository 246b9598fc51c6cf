#pragma once

// Keeps a task's lease, hears of its cancellation, and ends the work in time where the lease may
// pass to somebody else. A thread of its own.

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "agent/control_plane.hpp"
#include "agent/work_end.hpp"

namespace muster::agent {

struct Lease {
  Millis duration{};
  bool ends_with_lease = false;
  // How long before its end the work ends, so that no process is left by then.
  Millis margin() const { return std::min<Millis>(std::chrono::seconds(10), duration / 5); }
};

class Heartbeat {
 public:
  // `server` and `end` must outlive it.
  Heartbeat(ControlPlane& server, Attempt attempt, Lease lease, WorkEnd& end);

  // Until the first heartbeat was answered, or the work must end. A claim may have been answered
  // long after its lease began; only the answer to a heartbeat says how long there is.
  void wait_for_first_answer();

 private:
  void run(std::stop_token stop);
  // How long until the next is due.
  Millis take(const protocol::HeartbeatAnswer& answer, MonotonicTime sent);
  void hold_lease(MonotonicTime sent);
  void first_answered();

  ControlPlane* server_;
  Attempt attempt_;
  Lease lease_;
  WorkEnd* end_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool answered_ = false;
  std::jthread thread_;
};

}  // namespace muster::agent
