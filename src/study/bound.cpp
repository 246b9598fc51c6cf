#include "study/bound.hpp"

#include <queue>
#include <tuple>

namespace muster::study {

BoundTotals lower_bound(const std::vector<simulation::Arrival>& arrivals, Millis boot) {
  BoundTotals totals;
  std::priority_queue<Millis, std::vector<Millis>, std::greater<>> running;  // when they end
  std::vector<Millis> idle;  // since when; the latest is last
  for (const auto& arrival : arrivals) {
    const auto& [at, duration] = std::tie(arrival.at, arrival.duration);
    while (!running.empty() && running.top() <= at) {
      idle.push_back(running.top());
      running.pop();
    }
    if (!idle.empty() && at - idle.back() <= boot) {
      totals.instance_time += at - idle.back();
      idle.pop_back();
    } else {
      ++totals.launches;
      totals.instance_time += boot;
    }
    totals.instance_time += duration;
    running.push(at + duration);
  }
  return totals;
}

}  // namespace muster::study
