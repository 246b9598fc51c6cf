#include "study/labels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

namespace muster::study {

namespace {

constexpr double kHeight = 14;  // of a name
constexpr double kRadius = 5;
constexpr double kGap = 10;     // from a point's middle to its name
constexpr double kWide = 1.12;  // as names are bold, and larger on a phone
constexpr int kMostSteps = 20;

struct Box {
  double left, top, right, bottom;
};

struct Line {
  svg::Point from, to;
};

// A place for a name.
struct Place {
  Box box;
  svg::Anchor anchor;
  std::optional<Line> leader;
  double effort;  // the less the better
};

bool overlap(const Box& a, const Box& b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

Box around(const svg::Point& at) {
  constexpr double kReach = kRadius + 1;
  return {at.x - kReach, at.y - kReach, at.x + kReach, at.y + kReach};
}

double distance(const svg::Point& a, const svg::Point& b) {
  return std::hypot(a.x - b.x, a.y - b.y);
}

// On which side of the line a point is.
double side(const Line& line, const svg::Point& point) {
  return (line.to.x - line.from.x) * (point.y - line.from.y) -
         (line.to.y - line.from.y) * (point.x - line.from.x);
}

bool cross(const Line& a, const Line& b) {
  return side(a, b.from) * side(a, b.to) < 0 && side(b, a.from) * side(b, a.to) < 0;
}

bool cross(const Line& line, const Box& box) {
  const auto is_in = [&](const svg::Point& at) {
    return at.x > box.left && at.x < box.right && at.y > box.top && at.y < box.bottom;
  };
  const svg::Point a{box.left, box.top}, b{box.right, box.bottom};
  const svg::Point c{box.left, box.bottom}, d{box.right, box.top};
  return is_in(line.from) || is_in(line.to) || cross(line, Line{a, b}) || cross(line, Line{c, d});
}

// Beside the point so far to the right, or to the left if that is negative, and so far below it.
Place beside(const NamedPoint& point, double aside, double below) {
  const auto width = kWide * svg::width_of(point.name);
  const bool right = aside > 0;
  const auto edge = point.at.x + aside;
  const auto middle = point.at.y + below;
  Place place{{right ? edge : edge - width, middle - kHeight / 2, right ? edge + width : edge,
               middle + kHeight / 2},
              right ? svg::Anchor::start : svg::Anchor::end,
              {},
              std::hypot(aside, below) + (right ? 0 : 1)};
  const bool near = std::abs(aside) <= kGap && std::abs(below) <= kHeight / 2;
  if (!near) place.leader = Line{point.at, {edge + (right ? -2 : 2), middle}};
  return place;
}

// Its middle above or below the point.
Place above(const NamedPoint& point, double below) {
  const auto half = kWide * svg::width_of(point.name) / 2;
  return {{point.at.x - half, point.at.y + below - kHeight / 2, point.at.x + half,
           point.at.y + below + kHeight / 2},
          svg::Anchor::middle,
          {},
          std::abs(below) + 2};
}

std::vector<Place> places_for(const NamedPoint& point) {
  std::vector<Place> places{above(point, -kHeight), above(point, kHeight)};
  for (const auto aside : {kGap, 2.5 * kGap, 5 * kGap, 8 * kGap}) {
    for (int step = -kMostSteps; step <= kMostSteps; ++step) {
      for (const auto sign : {1, -1}) {
        places.push_back(beside(point, sign * aside, step * kHeight / 2));
      }
    }
  }
  std::ranges::stable_sort(places, {}, &Place::effort);
  return places;
}

class Placing {
 public:
  Placing(const std::vector<NamedPoint>& points, const svg::Frame& frame)
      : points_(points), frame_(frame) {
    for (const auto& point : points) places_.push_back(places_for(point));
  }

  struct Outcome {
    std::vector<const Place*> chosen;  // of each point
    double effort = 0;
  };

  // One name after the other, in this order: each where it is in the way least.
  Outcome in_order(const std::vector<std::size_t>& order, double good_enough) const {
    Outcome outcome{std::vector<const Place*>(points_.size()), 0};
    for (const auto number : order) {
      const Place* best = nullptr;
      auto least = std::numeric_limits<double>::max();
      for (const auto& place : places_[number]) {
        if (place.effort >= least) break;
        const auto effort = place.effort + obstacles(number, place, outcome.chosen, least);
        if (effort < least) least = effort, best = &place;
      }
      outcome.chosen[number] = best;
      outcome.effort += least;
      if (outcome.effort >= good_enough) break;
    }
    return outcome;
  }

 private:
  static constexpr double kHidden = 10'000;  // a name, by anything
  static constexpr double kTouched = 2'000;  // a point or line, by a line

  double obstacles(std::size_t number, const Place& place, const std::vector<const Place*>& chosen,
                   double enough) const {
    const auto& own = points_[number].at;
    const auto& box = place.box;
    double sum = 0;
    if (box.left < frame_.left || box.right > frame_.right || box.top < frame_.top - kHeight ||
        box.bottom > frame_.bottom - 1) {
      sum += kHidden;
    }
    for (std::size_t i = 0; i < points_.size() && sum < enough; ++i) {
      const auto other = around(points_[i].at);
      if (overlap(box, other)) sum += kHidden;
      const bool covers_own = distance(own, points_[i].at) < 2 * kRadius;
      if (place.leader && !covers_own && cross(*place.leader, other)) sum += kTouched;
      const auto* there = chosen[i];
      if (there == nullptr) continue;
      if (overlap(box, there->box)) sum += kHidden;
      if (place.leader && cross(*place.leader, there->box)) sum += kHidden;
      if (there->leader && cross(*there->leader, box)) sum += kHidden;
      if (place.leader && there->leader && cross(*place.leader, *there->leader)) sum += kTouched;
    }
    return sum;
  }

  const std::vector<NamedPoint>& points_;
  const svg::Frame& frame_;
  std::vector<std::vector<Place>> places_;
};

// Who comes first has the best place: which order is good depends on the points, so several are
// tried. Always the same ones.
std::vector<std::vector<std::size_t>> orders_of(const std::vector<NamedPoint>& points) {
  constexpr std::size_t kMuchWork = 600;
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::vector<std::size_t>> orders{order};
  const auto by = [&](double svg::Point::*coordinate) {
    std::ranges::stable_sort(order, {}, [&](auto i) { return points[i].at.*coordinate; });
    orders.push_back(order);
    orders.emplace_back(order.rbegin(), order.rend());
  };
  by(&svg::Point::x);
  by(&svg::Point::y);
  std::uint32_t seed = 1;
  while (orders.size() * points.size() < kMuchWork) {
    for (auto i = points.size() - 1; i > 0; --i) {
      seed = seed * 1'664'525 + 1'013'904'223;
      std::swap(order[i], order[(seed >> 8) % (i + 1)]);
    }
    orders.push_back(order);
  }
  return orders;
}

std::string drawn_at(const NamedPoint& point, const Place& place) {
  const auto& box = place.box;
  const std::array edges{box.left, (box.left + box.right) / 2, box.right};
  return svg::circle(point.at, kRadius, point.style) +
         svg::text({edges[static_cast<std::size_t>(place.anchor)], box.top + kHeight / 2 + 4},
                   point.name, place.anchor, "name " + point.style);
}

}  // namespace

std::string with_names(const std::vector<NamedPoint>& points, const svg::Frame& frame) {
  if (points.empty()) return "";
  const Placing placing(points, frame);
  Placing::Outcome best{{}, std::numeric_limits<double>::max()};
  for (const auto& order : orders_of(points)) {
    auto outcome = placing.in_order(order, best.effort);
    if (outcome.effort < best.effort) best = std::move(outcome);
  }
  std::string lines, above;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto& place = *best.chosen[i];
    if (place.leader) lines += svg::line(place.leader->from, place.leader->to, "leader");
    above += drawn_at(points[i], place);
  }
  return lines + above;
}

}  // namespace muster::study
