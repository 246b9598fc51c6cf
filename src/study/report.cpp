#include "study/report.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "study/report_words.hpp"

namespace muster::study {

namespace {

// The first column is flush left, all others right.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    text += fmt::format("  {:<{}}", row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i) text += fmt::format("  {:>{}}", row[i], widths[i]);
    text += '\n';
  }
  return text;
}

std::string table_of(const TraceResult& result, const Terms& terms) {
  std::vector<std::vector<std::string>> rows = {columns(result, terms)};
  for (const auto& policy : result.policies) rows.push_back(cells(result, policy, terms));
  return fmt::format("{}: {}\n{}", printable(result.name), about(result), aligned(rows));
}

// Exact in thousandths of a second; hours to the microhour.
std::string seconds_json(Millis time) {
  return fmt::format("{}.{:03}", time.count() / 1000, time.count() % 1000);
}
std::string hours_json(Millis time) {
  const auto micros = time.count() * 5 / 18;
  return fmt::format("{}.{:06}", micros / 1'000'000, micros % 1'000'000);
}

std::string policies_json(const TraceResult& result, const Terms& terms) {
  std::vector<std::string> items;
  for (const auto& policy : result.policies) {
    auto item = fmt::format(R"({{"name":{})", json_text(policy.name));
    for (const auto& [name, percent] :
         {std::pair("wait_p50", 50), {"wait_p95", 95}, {"wait_p99", 99}, {"wait_max", 100}}) {
      item += fmt::format(R"(,"{}":{})", name, seconds_json(percentile(policy.waits, percent)));
    }
    if (!policy.blocked_waits.empty()) {
      for (const auto& [name, percent] :
           {std::pair("blocked_wait_p50", 50), {"blocked_wait_p95", 95}}) {
        item += fmt::format(R"(,"{}":{})", name,
                            seconds_json(percentile(policy.blocked_waits, percent)));
      }
    }
    const auto idle = policy.idle_permille();
    item +=
        fmt::format(R"(,"instance_hours":{},"idle_share":{}.{:03},"launches":{},"wasted_boots":{})",
                    hours_json(policy.instance_time), idle / 1000, idle % 1000, policy.launches,
                    policy.wasted_boots);
    if (const auto cost = policy.cost(terms)) {
      item += fmt::format(R"(,"cost":{}.{:06})", *cost / 1'000'000, *cost % 1'000'000);
    }
    items.push_back(item + "}");
  }
  return "[" + join(items, ",") + "]";
}

std::uint64_t sum(const TraceResult& result, std::uint64_t PolicyResult::*count) {
  std::uint64_t all = 0;
  for (const auto& policy : result.policies) all += policy.*count;
  return all;
}

}  // namespace

std::string report_table(const std::vector<TraceResult>& results, const Terms& terms) {
  auto text = in_words(terms) + "\n";
  for (const auto& result : results) text += "\n" + table_of(result, terms);
  if (results.size() > 1) text += "\n" + table_of(together(results), terms);
  return text;
}

std::string report_json(const std::vector<TraceResult>& results, const Terms& terms) {
  std::vector<std::string> traces;
  for (const auto& result : results) {
    traces.push_back(fmt::format(
        R"({{"name":{},"tasks":{},"classes":{},"left_out":{},"work_hours":{},"policies":{},)"
        R"("events":{},"passes":{},"passes_made":{}}})",
        json_text(to_utf8(result.name)), result.tasks, result.classes, result.left_out,
        hours_json(result.work), policies_json(result, terms), sum(result, &PolicyResult::events),
        sum(result, &PolicyResult::passes), sum(result, &PolicyResult::passes_made)));
  }
  return fmt::format("{{\"policies\":{},\"traces\":[{}]}}\n",
                     policies_json(together(results), terms), join(traces, ","));
}

}  // namespace muster::study
