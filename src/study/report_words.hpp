#pragma once

// Numbers and circumstances of a study, as both the table and the page say them. Pure.

#include <string>
#include <vector>

#include "study/study.hpp"

namespace muster::study {

// "95.2" of seconds, "1,234.5" of hours, "12.3 %".
std::string seconds_text(Millis time);
std::string hours_text(Millis time);
std::string permille_text(std::int64_t permille);
// Of a cost in millionths: "12.34".
std::string cost_text(std::int64_t millionths);
// The price of an instance-hour, as it was given: "0.0416". There must be one.
std::string price_text(const Terms& terms);

// "1,234 tasks of 2 classes in 6.9 days; 123.4 hours of work"
std::string about(const TraceResult& result);
// "boot 90s, replacement after 1m, at most 1000 instances a class, seed 1"
std::string in_words(const Terms& terms);

// Whether some of its tasks were blocked by others: then their waits are told apart.
bool has_blocked(const TraceResult& result);
// The columns of a policy's row: of what others had blocked, if there is such, and the cost last,
// if there is a price.
std::vector<std::string> columns(const TraceResult& result, const Terms& terms);
std::vector<std::string> cells(const TraceResult& result, const PolicyResult& policy,
                               const Terms& terms);

}  // namespace muster::study
