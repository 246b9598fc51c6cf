#include "scaling/window.hpp"

#include <algorithm>
#include <limits>

#include "scaling/boots.hpp"

namespace muster::scaling {

namespace {

constexpr std::int64_t kEntries = 60;  // of a stretch

std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

// Two times of the same slot are nearly the same.
std::int64_t slot_of(WallTime time, Millis per) {
  return time.time_since_epoch().count() / std::max<std::int64_t>(per.count() / kEntries, 1);
}

void append(Window& window, Used used, Millis per) {
  if (used.amount <= 0) return;
  if (window.empty() || slot_of(window.back().until, per) != slot_of(used.until, per)) {
    window.push_back(used);
    return;
  }
  auto& last = window.back();
  last.until = std::max(last.until, used.until);
  last.amount = saturating_sum(last.amount, used.amount);
}

}  // namespace

Window still_counted(Window window, Millis per, WallTime now) {
  Window kept;
  for (auto used : window) {
    used.until = std::min(used.until, now);
    if (later(used.until, per) > now) append(kept, used, per);
  }
  return kept;
}

void add_use(Window& window, std::int64_t amount, Millis per, WallTime now) {
  append(window, {now, amount}, per);
}

std::int64_t sum_of(const Window& window) {
  std::int64_t sum = 0;
  for (const auto& used : window) sum = saturating_sum(sum, std::max<std::int64_t>(used.amount, 0));
  return sum;
}

std::optional<WallTime> falls_below(const Window& window, std::int64_t limit, Millis per) {
  auto left = sum_of(window);
  for (const auto& used : window) {
    left -= std::max<std::int64_t>(used.amount, 0);
    if (left < limit) return later(used.until, per);
  }
  return std::nullopt;
}

}  // namespace muster::scaling
