#pragma once

// Names beside the points of a plot, so placed that none covers another name or a point. Pure.

#include <string>
#include <vector>

#include "study/svg.hpp"

namespace muster::study {

struct NamedPoint {
  std::string name;
  svg::Point at;
  std::string style;
};

// The points with their names. A name that had to go far from its point has a line to it.
std::string with_names(const std::vector<NamedPoint>& points, const svg::Frame& frame);

}  // namespace muster::study
