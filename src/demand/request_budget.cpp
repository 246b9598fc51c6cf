#include "demand/request_budget.hpp"

#include <algorithm>

namespace muster::demand {

RequestBudget::RequestBudget(std::int64_t per_minute, std::int64_t at_once)
    : spacing_(std::chrono::microseconds(std::chrono::minutes(1)) / per_minute),
      tolerance_(spacing_ * (at_once - 1)) {}

Millis RequestBudget::reserve(MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  const auto place = std::max<decltype(due_)>(due_, now);
  due_ = place + spacing_;
  const auto wait = place - now - tolerance_;
  return std::max(std::chrono::ceil<Millis>(wait), Millis(0));
}

}  // namespace muster::demand
