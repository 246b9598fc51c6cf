#include "study/report_words.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::study {

namespace {

constexpr Millis kDay = std::chrono::hours(24);

// "1234567" is "1,234,567".
std::string grouped(std::int64_t number) {
  auto digits = std::to_string(number);
  for (auto at = std::ssize(digits) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

// Rounded to the nearest tenth, in integers.
std::string tenths(std::int64_t number, std::int64_t unit) {
  const auto rounded = (number * 10 + unit / 2) / unit;
  return fmt::format("{}.{}", grouped(rounded / 10), rounded % 10);
}

std::string counted(std::int64_t count, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", grouped(count), count == 1 ? singular : plural);
}

}  // namespace

bool has_blocked(const TraceResult& result) {
  return std::ranges::any_of(result.policies,
                             [](const auto& policy) { return !policy.blocked_waits.empty(); });
}

std::string seconds_text(Millis time) {
  return tenths(time.count(), 1000);
}
std::string hours_text(Millis time) {
  return tenths(time.count(), 3'600'000);
}
std::string permille_text(std::int64_t permille) {
  return tenths(permille, 10) + " %";
}
std::string cost_text(std::int64_t millionths) {
  const auto hundredths = (millionths + 5'000) / 10'000;
  return fmt::format("{}.{:02}", grouped(hundredths / 100), hundredths % 100);
}

// With as many decimals as it was given, but two at least.
std::string price_text(const Terms& terms) {
  const auto millionths = terms.price.value();
  auto text = fmt::format("{}.{:06}", grouped(millionths / 1'000'000), millionths % 1'000'000);
  const auto needed = std::max(text.find_last_not_of('0') + 1, text.find('.') + 3);
  return text.substr(0, needed);
}

std::string about(const TraceResult& result) {
  auto text =
      fmt::format("{} of {} in {} days; {} hours of work", counted(result.tasks, "task", "tasks"),
                  counted(result.classes, "class", "classes"),
                  tenths(result.span.count(), kDay.count()), hours_text(result.work));
  if (result.left_out > 0) {
    text += fmt::format("; {} left out, without a start, an end or a class",
                        counted(result.left_out, "job", "jobs"));
  }
  return text;
}

std::string in_words(const Terms& terms) {
  auto text = fmt::format(
      "boot {}, replacement after {}, muster's idle time-out {}, {} after a task, at most {} a "
      "class, seed {}",
      terms.boot.to_text(), terms.replace_after.to_text(), format_duration(terms.idle_timeout),
      format_duration(terms.idle_after_task), counted(terms.max, "instance", "instances"),
      terms.seed);
  if (terms.price) text += fmt::format(", {} an instance-hour", price_text(terms));
  return text;
}

std::vector<std::string> columns(const TraceResult& result, const Terms& terms) {
  std::vector<std::string> names = {"policy", "wait p50 s", "p95 s",    "p99 s", "max s",
                                    "hours",  "idle",       "launches", "wasted"};
  if (has_blocked(result)) {
    names.emplace_back("blocked p50 s");
    names.emplace_back("p95 s");
  }
  if (terms.price) names.emplace_back("cost");
  return names;
}

std::vector<std::string> cells(const TraceResult& result, const PolicyResult& policy,
                               const Terms& terms) {
  std::vector<std::string> row = {policy.name};
  for (const auto percent : {50, 95, 99, 100}) {
    row.push_back(seconds_text(percentile(policy.waits, percent)));
  }
  row.push_back(hours_text(policy.instance_time));
  row.push_back(permille_text(policy.idle_permille()));
  row.push_back(grouped(policy.launches));
  row.push_back(grouped(policy.wasted_boots));
  if (has_blocked(result)) {
    for (const auto percent : {50, 95}) {
      row.push_back(seconds_text(percentile(policy.blocked_waits, percent)));
    }
  }
  if (const auto cost = policy.cost(terms)) row.push_back(cost_text(*cost));
  return row;
}

}  // namespace muster::study
