#include "client/watch.hpp"

#include <fmt/core.h>

namespace muster::client {

Watch::Watch(Sources sources, const Clock& clock, std::stop_token stop)
    : clock_(clock), answered_(sources.answered), pipeline_(std::move(sources.pipeline), stop) {
  if (sources.fleet) fleet_.emplace(std::move(sources.fleet), stop);
}

Result<void> Watch::update() {
  auto pipeline = pipeline_.view();
  if (pipeline.failure) return *pipeline.failure;
  pipeline_status_ = std::move(pipeline.value);
  answered_ = answered_ || pipeline_status_;
  if (fleet_) {
    auto fleet = fleet_->view();
    if (fleet.failure) return *fleet.failure;
    fleet_status_ = std::move(fleet.value);
  }
  return wait_for_server(pipeline.away);
}

Result<void> Watch::wait_for_server(const std::optional<Error>& away) {
  if (!away) {
    away_since_.reset();
    return ok();
  }
  if (!answered_) return *away;  // a wrong address, more likely than a restart
  const auto now = clock_.monotonic();
  if (!away_since_) away_since_ = now;
  if (now - *away_since_ < kAwayPatience) return ok();
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(kAwayPatience).count();
  return away->within(fmt::format("the server has been away for {} min", minutes));
}

}  // namespace muster::client
