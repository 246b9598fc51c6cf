#include "simulation/group_view.hpp"

#include <utility>

namespace muster::simulation {

// One that is older stays: it is what was true at the beginning of the window.
void GroupHistory::add(MonotonicTime now, GroupView view) {
  moments_.push_back({now, std::move(view)});
  while (moments_.size() > 1 && moments_[1].when + kept_ <= now) moments_.pop_front();
}

GroupView GroupHistory::at(MonotonicTime when) const {
  for (auto moment = moments_.rbegin(); moment != moments_.rend(); ++moment) {
    if (moment->when <= when) return moment->view;
  }
  return {};
}

}  // namespace muster::simulation
