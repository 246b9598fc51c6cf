#include "fleet/retries.hpp"

#include <algorithm>
#include <utility>

namespace muster::fleet {

Millis next_retry_pause(Millis before) {
  constexpr Millis kFirst{500};
  constexpr Millis kLongest = std::chrono::seconds(30);
  return std::clamp(before * 2, kFirst, kLongest);
}

void Retries::failed(const std::string& resource_class, std::string why, MonotonicTime now) {
  auto& retry = classes_[resource_class];
  retry.pause = next_retry_pause(retry.pause);
  retry.at = now + retry.pause;
  retry.why = std::move(why);
}

const std::string* Retries::waits_for(const std::string& resource_class, MonotonicTime then) const {
  const auto found = classes_.find(resource_class);
  return found != classes_.end() && then < found->second.at ? &found->second.why : nullptr;
}

std::optional<MonotonicTime> Retries::next_after(MonotonicTime then) const {
  std::optional<MonotonicTime> first;
  for (const auto& [name, retry] : classes_) {
    if (retry.at > then) first = std::min(first.value_or(retry.at), retry.at);
  }
  return first;
}

}  // namespace muster::fleet
