#pragma once

// Times and durations as traces write them. Pure.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace muster::study {

// "12", "0.5": whole milliseconds, the rest is dropped. At most twelve digits before the point.
Result<Millis> parse_seconds(std::string_view text);

// "0.0416" is 41,600 millionths. Nothing, if it is no such number or has more than six decimals.
std::optional<std::int64_t> parse_millionths(std::string_view text);

// "2026-01-05T09:00:00Z", or as the export writes it: "2026-01-05 09:00:00.123", which is UTC. The
// zone may also be as in "2026-01-05 09:00:00 +0000 UTC".
Result<WallTime> parse_export_time(std::string_view text);

// How an export writes that there is no time.
bool is_nothing(std::string_view text);

}  // namespace muster::study
