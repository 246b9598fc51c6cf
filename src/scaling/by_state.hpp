#pragma once

// A sum for each state that an instance can be in.

#include <array>
#include <cstdint>

#include "scaling/decide.hpp"

namespace muster::scaling {

class ByState {
 public:
  std::int64_t& operator[](InstanceState state) { return sums_[static_cast<std::size_t>(state)]; }

 private:
  static constexpr auto kLast = InstanceState::lost;
  std::array<std::int64_t, static_cast<std::size_t>(kLast) + 1> sums_{};
};

}  // namespace muster::scaling
