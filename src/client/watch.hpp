#pragma once

// What a follower sees: the latest reading of a pipeline and, if wanted, of the fleet. A server
// that goes away for a while, as for an update, is waited for.
//
// One thread; the feeds have their own.

#include <optional>

#include "base/time.hpp"
#include "client/feed.hpp"
#include "protocol/messages.hpp"

namespace muster::client {

inline constexpr Millis kAwayPatience = std::chrono::minutes(10);

class Watch {
 public:
  struct Sources {
    Feed<protocol::PipelineStatus>::Fetch pipeline;
    Feed<protocol::FleetStatus>::Fetch fleet;  // may be empty
    // The server has just answered something else, so that it is waited for from the start.
    bool answered = false;
  };

  Watch(Sources sources, const Clock& clock, std::stop_token stop);

  // Takes the news. An error ends the watch.
  Result<void> update();

  const std::optional<protocol::PipelineStatus>& pipeline() const { return pipeline_status_; }
  const std::optional<protocol::FleetStatus>& fleet() const { return fleet_status_; }
  bool away() const { return away_since_.has_value(); }

 private:
  Result<void> wait_for_server(const std::optional<Error>& away);

  const Clock& clock_;
  bool answered_;
  std::optional<MonotonicTime> away_since_;
  std::optional<protocol::PipelineStatus> pipeline_status_;
  std::optional<protocol::FleetStatus> fleet_status_;

  Feed<protocol::PipelineStatus> pipeline_;
  std::optional<Feed<protocol::FleetStatus>> fleet_;
};

}  // namespace muster::client
