#include "client/fleet_view.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"

namespace muster::client {

ClassNames classes_of(const protocol::PipelineStatus& status) {
  ClassNames names;
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) names.insert(job.resource_class);
  }
  return names;
}

std::vector<std::string> render(const protocol::FleetStatus& fleet, const ClassNames& classes,
                                const Style& style) {
  std::vector<std::string> lines;
  for (const auto& item : fleet.classes) {
    if (!classes.contains(item.resource_class)) continue;
    Line line(style);
    line.add("  " + padded(printable(item.resource_class), 18), "1");
    line.add(fmt::format("  queue {:<3}", item.unclaimed), item.unclaimed > 0 ? "33" : "");
    if (item.fleet) {
      line.add(fmt::format("  desired {:<3}  booting {:<3}  busy {:<3}  idle {}",
                           item.fleet->desired, item.fleet->booting, item.fleet->busy,
                           item.fleet->idle));
    } else {
      line.add("  no scaler reports");
    }
    lines.push_back(line.text());
  }
  return lines;
}

void FleetRecord::observe(const protocol::FleetStatus& fleet, const ClassNames& classes,
                          WallTime now) {
  unreported_ = classes;
  std::int64_t live = 0;
  for (const auto& item : fleet.classes) {
    if (!item.fleet || unreported_.erase(item.resource_class) == 0) continue;
    live += item.fleet->live;
    auto& peak = class_peaks_[item.resource_class];
    peak = std::max(peak, item.fleet->live);
  }
  peak_ = std::max(peak_, live);
  const bool zero = live == 0 && unreported_.empty();
  if (!zero) {
    zero_since_.reset();
  } else if (!zero_since_) {
    zero_since_ = now;
  }
}

std::string FleetRecord::peak() const {
  std::vector<std::string> parts;
  for (const auto& [name, count] : class_peaks_) {
    parts.push_back(fmt::format("{} {}", printable(name), count));
  }
  return fmt::format("Peak: {} ({}).", count_of(peak_, "runner"), join(parts, ", "));
}

std::string FleetRecord::return_to_zero(const protocol::PipelineStatus& status) const {
  WallTime last{};
  for (const auto& workflow : status.workflows) {
    for (const auto& job : workflow.jobs) {
      for (const auto& task : job.tasks) last = std::max(last, task.ended_at.value_or(last));
    }
  }
  if (!zero_since_) return "The fleet is not back at zero.";
  const auto seconds = std::max<Millis>(*zero_since_ - last, Millis(0)).count() / 1000.0;
  return fmt::format("Back at zero {:.1f} s after the last job.", seconds);
}

}  // namespace muster::client
