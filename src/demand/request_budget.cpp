#include "demand/request_budget.hpp"

#include <algorithm>

namespace muster::demand {

RequestBudget::RequestBudget(std::int64_t per_minute, std::int64_t at_once)
    : spacing_(Micros(std::chrono::minutes(1)) / per_minute), at_once_(at_once) {}

Millis RequestBudget::reserve(MonotonicTime now, Micros spacing) {
  spacing = std::max(spacing, spacing_);
  const std::lock_guard lock(mutex_);
  const auto place = std::max<decltype(due_)>(due_, now);
  due_ = place + spacing;
  const auto wait = place - now - spacing * (at_once_ - 1);
  return std::max(std::chrono::ceil<Millis>(wait), Millis(0));
}

}  // namespace muster::demand
