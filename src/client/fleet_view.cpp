#include "client/fleet_view.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"

namespace muster::client {
namespace {

std::size_t name_width(const protocol::FleetStatus& fleet, const ClassNames& classes) {
  std::size_t width = 0;
  for (const auto& item : fleet.classes) {
    if (!classes.contains(item.resource_class)) continue;
    width = std::max(width, columns(whole(item.resource_class)));
  }
  return width;
}

// A quick pipeline may have ended before the report on the launch of its runners came: `desired`
// counts those, too.
bool is_at_minimum(const protocol::ClassFleet& fleet) {
  return fleet.live == fleet.min && fleet.desired == fleet.min && fleet.booting == 0 &&
         fleet.busy == 0 && fleet.draining == 0;
}

std::string silence_in_words(const protocol::ClassStatus& status) {
  return status.fleet ? "its scaler no longer reports" : "no scaler has ever reported";
}

// What the class's scaler does about its queue.
std::string doings(const protocol::ClassFleet& fleet) {
  if (fleet.live >= fleet.max) {
    return fmt::format("the class is at its maximum of {}", count_of(fleet.max, "runner"));
  }
  if (fleet.booting > 0)
    return count_of(fleet.booting, "runner") + (fleet.booting == 1 ? " boots" : " boot");
  if (fleet.reasons.empty()) return "its scaler has not decided yet";
  return "its scaler says: " + whole(join(fleet.reasons, "; "));
}

}  // namespace

ClassNames classes_of(const protocol::PipelineStatus& status) {
  ClassNames names;
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) names.insert(job.resource_class);
  }
  return names;
}

std::vector<std::string> render(const protocol::FleetStatus& fleet, const ClassNames& classes,
                                const Style& style) {
  const auto width = name_width(fleet, classes);
  std::vector<std::string> lines;
  for (const auto& item : fleet.classes) {
    if (!classes.contains(item.resource_class)) continue;
    Line line(style);
    line.add("  " + padded(whole(item.resource_class), width), "1");
    line.add(fmt::format("  queue {:<2}", item.unclaimed), item.unclaimed > 0 ? "33" : "");
    if (item.fleet) {
      line.add(fmt::format("  desired {:<2}  booting {:<2}  busy {:<2}  idle {:<2}  ending {}",
                           item.fleet->desired, item.fleet->booting, item.fleet->busy,
                           item.fleet->idle, item.fleet->draining));
    } else {
      line.add("  no scaler reports");
    }
    lines.push_back(line.text());
  }
  return lines;
}

std::vector<std::string> why_waiting(const protocol::FleetStatus& fleet, const ClassNames& classes,
                                     const ClassNames& silent) {
  std::vector<std::string> lines;
  bool alone = false;  // a class without a scaler
  for (const auto& item : fleet.classes) {
    if (item.unclaimed == 0 || !classes.contains(item.resource_class)) continue;
    const bool is_silent = !item.fleet || silent.contains(item.resource_class);
    alone = alone || is_silent;
    lines.push_back(fmt::format("{}: {} {}, and {}.", whole(item.resource_class),
                                count_of(item.unclaimed, "task"),
                                item.unclaimed == 1 ? "waits" : "wait",
                                is_silent ? silence_in_words(item) : doings(*item.fleet)));
  }
  if (alone) {
    lines.emplace_back(
        "  Start one: muster scale --config FILE; or a runner: muster agent --config FILE");
  }
  return lines;
}

ClassNames silent_at(const protocol::FleetStatus& fleet, const std::optional<WallTime>& now) {
  ClassNames names;
  if (!now) return names;
  for (const auto& item : fleet.classes) {
    if (!item.reported_at) continue;
    if (*now - *item.reported_at >= protocol::kLongestScalerSilence) {
      names.insert(item.resource_class);
    }
  }
  return names;
}

std::string silence_of(const ClassNames& classes) {
  const std::vector<std::string> names(classes.begin(), classes.end());
  return fmt::format("No scaler reports on {}: is 'muster scale' running?",
                     whole(join(names, ", ")));
}

WallTime last_end_of(const protocol::PipelineStatus& status) {
  WallTime last{};
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) {
      for (const auto& task : job.tasks) last = std::max(last, task.ended_at.value_or(last));
    }
  }
  return last;
}

void FleetRecord::observe(const protocol::FleetStatus& fleet, const ClassNames& classes,
                          MonotonicTime now) {
  for (const auto& name : classes) classes_.try_emplace(name, ClassRecord{.heard = now});
  std::int64_t live = 0;
  for (const auto& item : fleet.classes) {
    const auto found = classes_.find(item.resource_class);
    if (found == classes_.end()) continue;
    auto& record = found->second;
    const bool back = item.fleet && is_at_minimum(*item.fleet);
    if (!back) record.back_since.reset();
    if (!item.fleet || !item.reported_at) continue;
    if (record.reported_at != item.reported_at) record.heard = now;
    record.reported_at = item.reported_at;
    record.minimum = item.fleet->min;
    record.peak = std::max(record.peak, item.fleet->live);
    live += item.fleet->live;
    if (back && !record.back_since) record.back_since = item.reported_at;
  }
  peak_ = std::max(peak_, live);
}

void FleetRecord::excuse_silence(MonotonicTime now) {
  for (auto& [name, record] : classes_) record.heard = now;
}

ClassNames FleetRecord::silent(MonotonicTime now) const {
  ClassNames names;
  for (const auto& [name, record] : classes_) {
    if (now - record.heard >= protocol::kLongestScalerSilence) names.insert(name);
  }
  return names;
}

bool FleetRecord::is_back(WallTime last_end) const {
  return !classes_.empty() && std::all_of(classes_.begin(), classes_.end(), [&](const auto& entry) {
    return entry.second.back_since && entry.second.reported_at > last_end;
  });
}

std::string FleetRecord::peak() const {
  std::vector<std::string> parts;
  for (const auto& [name, record] : classes_) {
    parts.push_back(fmt::format("{} {}", whole(name), record.peak));
  }
  return fmt::format("Peak: {} ({}).", count_of(peak_, "runner"), join(parts, ", "));
}

std::string FleetRecord::way_back(WallTime last_end) const {
  std::int64_t minimum = 0;
  for (const auto& [name, record] : classes_) minimum += record.minimum;
  const auto goal =
      minimum == 0 ? "zero" : fmt::format("its minimum of {}", count_of(minimum, "runner"));
  if (!is_back(last_end)) return fmt::format("The fleet is not back at {}.", goal);
  WallTime back = last_end;
  for (const auto& [name, record] : classes_) back = std::max(back, *record.back_since);
  return fmt::format("Back at {} {} after the last job.", goal, humanize(back - last_end));
}

}  // namespace muster::client
