#pragma once

// Brings a task's outbox to the server, in order, however often it takes. A thread of its own.

#include <atomic>
#include <thread>

#include "agent/control_plane.hpp"
#include "agent/outbox.hpp"
#include "agent/work_end.hpp"

namespace muster::agent {

class Delivery {
 public:
  // All must outlive it. Ends the work as stale if the server says so.
  Delivery(ControlPlane& server, const Attempt& attempt, Outbox& outbox, WorkEnd& end);

  // After the work: sends what is left, then `request`. Returns when that was acknowledged, the
  // attempt is stale (conflict), or `patience` is over.
  Result<void> finish(const protocol::FinishRequest& request, Millis patience);

 private:
  void run(std::stop_token stop);
  Result<void> send(const Outgoing& item, std::stop_token stop);
  bool is_over(const Error& error);  // and then ends the work
  Result<void> send_finish(const protocol::FinishRequest& request, std::stop_token stop);

  ControlPlane* server_;
  const Attempt* attempt_;
  Outbox* outbox_;
  WorkEnd* end_;
  std::atomic<bool> stale_ = false;
  std::jthread thread_;
};

}  // namespace muster::agent
