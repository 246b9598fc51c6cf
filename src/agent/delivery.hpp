#pragma once

// Brings a task's outbox to the server, in order, however often it takes. A thread of its own.

#include <atomic>
#include <string>
#include <thread>

#include "agent/control_plane.hpp"
#include "agent/outbox.hpp"
#include "agent/work_end.hpp"

namespace muster::agent {

class Delivery {
 public:
  // All must outlive it. Ends the work as stale if the server says so, and as broken if it refuses
  // a message for good.
  Delivery(ControlPlane& server, const Attempt& attempt, Outbox& outbox, WorkEnd& end);

  // After the work: sends what is left, then `request`, and never that before all the rest: a
  // result says that the output is whole. Returns when it was acknowledged, the attempt is stale
  // (conflict), the server refuses it for good, or `patience` is over. If `hurry` is requested
  // meanwhile, a few seconds more are all it has. If the rest cannot be sent, ever, the result is
  // an infrastructure_fail.
  Result<void> finish(const protocol::FinishRequest& request, Millis patience,
                      std::stop_token hurry);

 private:
  void run(std::stop_token stop);
  Result<void> send(const Outgoing& item, std::stop_token stop);
  Result<void> send(const OutgoingUpdate& update, std::stop_token stop);
  Result<void> send(const OutgoingOutput& output, std::stop_token stop);
  bool is_over(const Error& error);  // and then ends the work

  ControlPlane* server_;
  const Attempt* attempt_;
  Outbox* outbox_;
  WorkEnd* end_;
  std::atomic<bool> stale_ = false;
  std::string broken_;  // why the rest cannot be sent; of the thread, until it ends
  std::jthread thread_;
};

// The end alone, for a task that has nothing else to tell.
Result<void> finish_task(ControlPlane& server, const Attempt& attempt,
                         const protocol::FinishRequest& request, Millis patience,
                         std::stop_token hurry);

}  // namespace muster::agent
