#include "study/labels.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace muster::study {

namespace {

constexpr double kHeight = 14;  // of a name
constexpr double kRadius = 5;
constexpr double kGap = 10;  // from a point's middle to its name
constexpr int kMostSteps = 14;

struct Box {
  double left, top, right, bottom;
};

bool overlap(const Box& a, const Box& b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

Box around(const svg::Point& at) {
  constexpr double kReach = kRadius + 4;
  return {at.x - kReach, at.y - kReach + 3, at.x + kReach, at.y + kReach - 3};
}

// One place for a name: beside the point on one side, so far above or below it.
Box place(const NamedPoint& point, bool right, double shift) {
  const auto width = svg::width_of(point.name);
  const auto left = right ? point.at.x + kGap : point.at.x - kGap - width;
  const auto middle = point.at.y + shift;
  return {left, middle - kHeight / 2, left + width, middle + kHeight / 2};
}

bool is_free(const Box& box, const std::vector<Box>& taken, const svg::Frame& frame) {
  const bool inside = box.left >= frame.left && box.right <= frame.right &&
                      box.top >= frame.top - kHeight && box.bottom <= frame.bottom;
  return inside &&
         std::ranges::none_of(taken, [&](const Box& other) { return overlap(box, other); });
}

struct Placed {
  Box box;
  bool right;
  double shift;
};

// The nearest that is free; where there is none the first, and it covers something.
Placed find_place(const NamedPoint& point, const std::vector<Box>& taken, const svg::Frame& frame) {
  for (int step = 0; step <= kMostSteps; ++step) {
    const auto shift = step * kHeight * 0.75;
    for (const bool right : {true, false}) {
      for (const double signed_shift : {-shift, shift}) {
        const auto box = place(point, right, signed_shift);
        if (is_free(box, taken, frame)) return {box, right, signed_shift};
      }
    }
  }
  return {place(point, true, 0), true, 0};
}

}  // namespace

std::string with_names(const std::vector<NamedPoint>& points, const svg::Frame& frame) {
  std::vector<Box> taken;
  for (const auto& point : points) taken.push_back(around(point.at));
  std::string drawn;
  std::string above;
  for (const auto& point : points) {
    const auto [box, right, shift] = find_place(point, taken, frame);
    taken.push_back(box);
    const svg::Point beside{right ? box.left - 2 : box.right + 2, point.at.y + shift};
    if (std::abs(shift) > kHeight) drawn += svg::line(point.at, beside, "leader");
    above += svg::circle(point.at, kRadius, point.style);
    above += svg::text({right ? box.left : box.right, point.at.y + shift + 4}, point.name,
                       right ? svg::Anchor::start : svg::Anchor::end, "name " + point.style);
  }
  return drawn + above;
}

}  // namespace muster::study
