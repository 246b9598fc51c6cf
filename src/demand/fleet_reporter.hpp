#pragma once

// Tells `muster server` how the fleet is and why, for people to see: PUT /api/muster/v1/fleet.
//
// The loop hands over each pass and goes on at once; a thread of the reporter's sends the latest,
// when it has changed and again every ten seconds, so that a restarted server learns it. What
// cannot be sent is forgotten: the next report says more.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "demand/server_access.hpp"
#include "fleet/loop.hpp"

namespace muster::demand {

class FleetReporter final : public fleet::DecisionObserver {
 public:
  explicit FleetReporter(ServerAccess access);

  void decided(const std::vector<fleet::ClassPass>& classes) override;

 private:
  void run(std::stop_token stop);

  const ServerAccess access_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string latest_;   // the report as JSON; empty: none yet. Guarded by mutex_
  bool unsent_ = false;  // guarded by mutex_
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace muster::demand
