#include "fleet/runner_names.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/policy.hpp"

namespace muster::fleet {

std::string runner_name(const std::string& instance, std::int64_t slots, std::int64_t number) {
  return slots > 1 ? fmt::format("{}.{}", instance, number) : instance;
}

// Any number that a runner may have: instances live on when the class is given fewer slots.
std::string_view instance_of(std::string_view runner, std::int64_t slots) {
  const auto stop = runner.rfind('.');
  if (slots <= 1 || stop == std::string_view::npos || stop == 0) return runner;
  const auto digits = runner.substr(stop + 1);
  const auto number = digits.starts_with('0') ? std::nullopt : parse_int(digits);
  const bool is_slot = number && *number >= 1 && *number <= scaling::kMostSlots;
  return is_slot ? runner.substr(0, stop) : runner;
}

}  // namespace muster::fleet
