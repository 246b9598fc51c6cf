#pragma once

// What a metric is, as a constant of the part that has it. Names by Prometheus' conventions:
// muster_PROGRAM_WHAT_UNIT, in base units, counters with _total. docs/metrics.md has a row for
// each.

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

namespace muster::metrics {

enum class Kind { counter, gauge, histogram };

struct Definition {
  Kind kind = Kind::gauge;
  std::string_view name;
  std::string_view help;
  std::array<std::string_view, 3> labels = {};  // their names; those unused are empty
  std::span<const double> buckets = {};         // of a histogram: upper bounds, ascending
};

// Of a series, in the order of Definition::labels.
using Values = std::initializer_list<std::string_view>;

// Seconds of what mostly takes less than one.
inline constexpr double kShortTimes[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                         0.1,    0.25,  0.5,    1,     2.5,  10};
// Seconds of what may take an instance's boot, or the night.
inline constexpr double kLongTimes[] = {0.005, 0.025, 0.1, 0.5, 1,   5,    15,
                                        30,    60,    120, 300, 900, 3600, 14400};

}  // namespace muster::metrics
