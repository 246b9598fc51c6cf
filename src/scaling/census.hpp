#pragma once

// All instances of a snapshot, looked at once: how many are in each state, with how many slots, and
// since when, so that nobody is looked for who is not there. Pure and total.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "scaling/decide.hpp"

namespace muster::scaling {

// A sum for each state that an instance can be in.
class ByState {
 public:
  std::int64_t& operator[](InstanceState state) { return sums_[static_cast<std::size_t>(state)]; }
  std::int64_t operator[](InstanceState state) const {
    return sums_[static_cast<std::size_t>(state)];
  }

 private:
  static constexpr auto kLast = InstanceState::lost;
  std::array<std::int64_t, static_cast<std::size_t>(kLast) + 1> sums_{};
};

struct Census {
  ByState instances;
  ByState slots;
  std::int64_t tasks = 0;  // that run on instances that are known to be busy
  std::int64_t requested = 0;
  std::optional<WallTime> first_boot;  // the earliest launch of those that boot
  std::optional<WallTime> first_use;   // the earliest of when each was last used, or launched
};

WallTime last_use_of(const Instance& instance);

Census take_census(const std::vector<Instance>& instances, const Policy& policy);

}  // namespace muster::scaling
