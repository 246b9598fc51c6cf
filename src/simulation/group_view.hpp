#pragma once

// A group as AWS shows it: perhaps as it was some time ago.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace muster::simulation {

struct SimulatedInstance;

struct FailedGroupLaunch {
  std::string id;
  MonotonicTime when{};
};

struct GroupView {
  std::int64_t desired = 0;
  std::vector<const SimulatedInstance*> listed;  // in the order of their ids
  std::optional<FailedGroupLaunch> last_failure;
};

// The views of the last `kept`.
class GroupHistory {
 public:
  explicit GroupHistory(Millis kept) : kept_(kept) {}

  bool is_kept() const { return kept_ > Millis(0); }
  void add(MonotonicTime now, GroupView view);
  // As it was at `when`; at the beginning there was nothing.
  GroupView at(MonotonicTime when) const;

 private:
  struct Moment {
    MonotonicTime when;
    GroupView view;
  };

  Millis kept_;
  std::deque<Moment> moments_;
};

}  // namespace muster::simulation
