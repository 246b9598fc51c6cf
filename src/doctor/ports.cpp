#include "doctor/ports.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::doctor {

Findings judge_demand(const std::map<std::string, fleet::ClassDemand>& demand) {
  constexpr auto kCheck = "queue";
  Findings findings;
  for (const auto& [name, told] : demand) {
    Notes notes(name);
    if (const auto* reading = std::get_if<scaling::DemandReading>(&told.demand)) {
      notes.good(kCheck, fmt::format("the queue answers: {} waiting, {} running",
                                     reading->unclaimed, reading->running));
    } else {
      notes.bad(kCheck, std::get<scaling::DemandUnknown>(told.demand).why);
    }
    append(findings, notes.take());
  }
  return findings;
}

Findings judge_listing(const std::vector<std::string>& classes,
                       const Result<fleet::CapacityList>& listed) {
  constexpr auto kCheck = "instances";
  Findings findings;
  for (const auto& name : classes) {
    Notes notes(name);
    if (!listed) {
      notes.failed(kCheck, listed.error(), Asked::as_the_scaler);
    } else if (const auto why = listed->unreadable.find(name); why != listed->unreadable.end()) {
      notes.bad(kCheck, why->second);
    } else {
      const auto count =
          std::ranges::count(listed->live, name, &fleet::CapacityInstance::resource_class);
      notes.good(kCheck, fmt::format("the program lists {}", count_of(count, "instance")));
    }
    append(findings, notes.take());
  }
  return findings;
}

}  // namespace muster::doctor
