#pragma once

// Snapshots and decisions as JSON, for the decision log and for scripts. history/record.hpp reads
// them; docs/replay.md documents them.

#include <cstdint>
#include <string>
#include <string_view>

#include "fleet/loop.hpp"

namespace muster::fleet {

// Of a record. A higher one where what is there already means something else; a member that is
// added changes it not, as long as one without it means the same as before.
inline constexpr std::int64_t kRecordVersion = 1;
// As far as any reader of JSON counts exactly. What a queue says beyond it, which is absurd, is
// written as this.
inline constexpr std::int64_t kMostExact = std::int64_t{1} << 53;

std::string_view to_string(scaling::InstanceState state);

std::string to_json(const scaling::Snapshot& snapshot);
std::string to_json(const scaling::Decision& decision);
// {"version", "resource_class", "snapshot", "decision"}: one record, without a line break.
std::string to_json(const ClassPass& pass);

}  // namespace muster::fleet
