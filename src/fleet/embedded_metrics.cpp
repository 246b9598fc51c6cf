#include "fleet/embedded_metrics.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace muster::fleet {

namespace {

constexpr auto kShortGroups = "ShortGroups";  // of several: the stack has one, and no such cost
constexpr std::size_t kMostSamples = 100;     // of a metric in a line: CloudWatch's own limit

// Those that look dead, too many at once to be believed, and so were not ended at once.
std::int64_t silent(const scaling::Decision& decision) {
  const auto& reasons = decision.reasons;
  const auto found = std::ranges::find(reasons, scaling::Rule::many_silent, &scaling::Reason::rule);
  return found == reasons.end() ? 0 : found->wanted;
}

std::int64_t short_groups(WallTime now, const scaling::Decision& decision) {
  return std::ranges::count_if(decision.next.shortages, [&](const auto& shortage) {
    return scaling::is_short(&shortage, now);
  });
}

}  // namespace

void EmbeddedMetrics::decided(const std::vector<ClassPass>& classes) {
  latest_ = classes;
  for (const auto& [name, snapshot, decision, ended_unused] : classes) {
    const auto sample = [&, this, &of = name](std::string_view metric, std::int64_t value) {
      auto& samples = classes_[of][metric];
      if (samples.size() < kMostSamples) samples.push_back(value);
    };
    if (const auto* demand = std::get_if<scaling::DemandReading>(&snapshot.demand)) {
      sample("Waiting", demand->unclaimed);
      sample("Running", demand->running);
    }
    sample("Held", std::ranges::any_of(decision.reasons, scaling::is_hold) ? 1 : 0);
    sample("LookDead", silent(decision));
    sample("Desired", decision.desired);
    sample("Booting", decision.counts.booting);
    sample("Idle", decision.counts.idle);
    sample("Busy", decision.counts.busy);
    sample("Lost", decision.counts.lost);
    sample("Launches", decision.launch);
    sample("FailedBoots", decision.next.failed_boots_in_a_row);
    sample("EndedUnused", ended_unused);
    if (!snapshot.groups.empty()) sample(kShortGroups, short_groups(snapshot.now, decision));
  }
}

std::vector<std::string> EmbeddedMetrics::take_lines(WallTime now) {
  std::vector<std::string> lines;
  for (const auto& [name, samples] : classes_) {
    std::string definitions;
    std::string values;
    for (const auto& [metric, numbers] : samples) {
      if (!definitions.empty()) definitions += ',';
      definitions += fmt::format(R"({{"Name":"{}","Unit":"Count"}})", metric);
      values += fmt::format(R"(,"{}":[{}])", metric, fmt::join(numbers, ","));
    }
    lines.push_back(
        fmt::format(R"({{"_aws":{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":"Muster",)"
                    R"("Dimensions":[["FunctionName","ResourceClass"]],"Metrics":[{}]}}]}},)"
                    R"("FunctionName":{},"ResourceClass":{}{}}})",
                    now.time_since_epoch().count(), definitions, json_text(function_),
                    json_text(name), values));
  }
  classes_.clear();
  latest_.clear();
  return lines;
}

}  // namespace muster::fleet
