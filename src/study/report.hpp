#pragma once

// A study's results for people, for programs, and as a page to look at. Pure.

#include <string>
#include <vector>

#include "study/study.hpp"

namespace muster::study {

// A table a trace, and one of all together if there are several.
std::string report_table(const std::vector<TraceResult>& results, const Terms& terms);

// {"policies": […], "traces": [{"name", …, "policies": […]}]}: the first are of all traces
// together. Waits are in seconds, instance_hours in hours, idle_share is from 0 to 1. What it took
// to find out (events, passes) is of a trace's policies together.
std::string report_json(const std::vector<TraceResult>& results, const Terms& terms);

// One HTML document that needs nothing else: plots as inline SVG, for light and dark. The results
// must have been run with Terms::curves.
std::string report_page(const std::vector<TraceResult>& results, const Terms& terms);

}  // namespace muster::study
