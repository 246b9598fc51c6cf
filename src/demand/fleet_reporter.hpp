#pragma once

// Tells `muster server` how the fleet is and why, for people to see: PUT /api/muster/v1/fleet.
//
// The loop hands over each pass and goes on at once; a thread of the reporter's sends the latest,
// when it has changed and again every ten seconds, so that a restarted server learns it. What
// cannot be sent is forgotten: the next report says more. Only decisions wait until they are told.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "demand/server_access.hpp"
#include "demand/untold.hpp"
#include "fleet/loop.hpp"
#include "fleet/price.hpp"
#include "protocol/messages.hpp"

namespace muster::demand {

class FleetReporter final : public fleet::DecisionObserver {
 public:
  explicit FleetReporter(ServerAccess access, fleet::Prices prices = {});

  void decided(const std::vector<fleet::ClassPass>& classes) override;

 private:
  void run(std::stop_token stop);
  void note_told(std::uint64_t mark);

  const ServerAccess access_;
  const fleet::Prices prices_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  protocol::FleetReport latest_;  // without decisions. Guarded by mutex_, as what follows
  std::string latest_text_;       // the same as JSON; empty: none yet
  Untold untold_;
  bool unsent_ = false;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace muster::demand
