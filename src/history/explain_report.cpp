#include "history/explain_report.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "scaling/boots.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::history {

using namespace scaling;

namespace {

// "2027-01-15T08:00:00Z (3 min 20 s ago)". Two machines' clocks may differ.
std::string ago(WallTime time, WallTime now) {
  const auto passed = between(time, now);
  return passed < Millis(0) ? in_words(time)
                            : fmt::format("{} ({} ago)", in_words(time), humanize(passed));
}

std::string ahead(WallTime time, WallTime now) {
  const auto left = between(now, time);
  return left <= Millis(0) ? fmt::format("{}, which is over", in_words(time))
                           : fmt::format("{} (in {})", in_words(time), humanize(left));
}

std::string queue_in_words(const Explanation& about, WallTime now) {
  const auto* reading = std::get_if<DemandReading>(&about.demand);
  if (reading == nullptr) {
    return "queue unknown: " + printable(std::get<DemandUnknown>(about.demand).why, 1000);
  }
  return fmt::format("{} waiting, {} running{}", reading->unclaimed, reading->running,
                     about.waits() && about.waiting_since
                         ? "; the oldest has waited since " + ago(*about.waiting_since, now)
                         : "");
}

std::string time_json(const std::optional<WallTime>& time) {
  return time ? json_text(in_words(*time)) : "null";
}

std::string demand_json(const Demand& demand) {
  const auto* reading = std::get_if<DemandReading>(&demand);
  return reading == nullptr
             ? R"("unclaimed":null,"running":null)"
             : fmt::format(R"("unclaimed":{},"running":{})", reading->unclaimed, reading->running);
}

std::string cause_json(const Cause& cause) {
  const auto& reason = cause.reason;
  return fmt::format(
      R"({{"rule":"{}","wanted":{},"allowed":{},"subject":{},"words":{},"since":{},"until":{},)"
      R"("remedy":{}}})",
      to_string(reason.rule), reason.wanted, reason.allowed, json_text(reason.subject),
      json_text(describe(reason)), time_json(cause.since), time_json(cause.until),
      json_text(cause.remedy));
}

std::string times_json(const Times& times) {
  const auto seconds = [&](Millis time) {
    return times.seen == 0 ? "null"
                           : fmt::format("{:.3f}", static_cast<double>(time.count()) / 1000);
  };
  return fmt::format(R"({{"seen":{},"median_seconds":{},"p95_seconds":{}}})", times.seen,
                     seconds(times.median), seconds(times.p95));
}

}  // namespace

std::string explanation_text(const Explanation& about, WallTime now) {
  const auto& counts = about.counts;
  auto text =
      fmt::format("{}, as decided at {}\n", printable(about.resource_class), ago(about.at, now));
  text += fmt::format("  sees      {}\n", queue_in_words(about, now));
  text += fmt::format("            {} (min {}, max {}): {}\n", count_of(counts.live(), "instance"),
                      about.policy.min, about.policy.max, describe(counts));
  for (const auto& cause : about.causes) {
    text += fmt::format("  why       {}: {}\n", to_string(cause.reason.rule),
                        printable(describe(cause.reason), 1000));
    text += fmt::format("            since {}{}\n", ago(cause.since, now),
                        cause.until ? ", until " + ahead(*cause.until, now) : "");
    if (!cause.remedy.empty()) text += fmt::format("  remedy    {}\n", cause.remedy);
  }
  if (!about.waits()) return text;
  if (about.expected_start) {
    text += fmt::format("  expected  {}: {}\n", ahead(*about.expected_start, now), about.expected);
  } else {
    text += fmt::format("  expected  {}\n", about.expected);
  }
  return text;
}

std::string explanation_json(const Explanation& about) {
  std::vector<std::string> causes;
  for (const auto& cause : about.causes) causes.push_back(cause_json(cause));
  const auto& counts = about.counts;
  return fmt::format(
      R"({{"resource_class":{},"at":{},{},"waiting_since":{},)"
      R"("instances":{{"booting":{},"idle":{},"busy":{},"spent":{},"draining":{},"lost":{},)"
      R"("live":{}}},)"
      R"("min":{},"max":{},"launch":{},"causes":[{}],)"
      R"("boots":{},"tasks":{},)"
      R"("expected_start":{},"expected":{}}})",
      json_text(about.resource_class), time_json(about.at), demand_json(about.demand),
      time_json(about.waiting_since), counts.booting, counts.idle, counts.busy, counts.spent,
      counts.draining, counts.lost, counts.live(), about.policy.min, about.policy.max,
      about.launched, join(causes, ","), times_json(about.boots), times_json(about.tasks),
      time_json(about.expected_start), json_text(about.expected));
}

}  // namespace muster::history
