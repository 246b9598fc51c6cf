#pragma once

// Names beside the points of a plot, so placed that none covers another name or a point, and that
// no line from a point to its name goes through another name. Pure.

#include <string>
#include <vector>

#include "study/svg.hpp"

namespace muster::study {

struct NamedPoint {
  std::string name;
  svg::Point at;
  std::string style;
};

// The points with their names. A name that had to go far from its point has a line to it. Where
// there is no room for all, as little as can be found is covered.
std::string with_names(const std::vector<NamedPoint>& points, const svg::Frame& frame);

}  // namespace muster::study
