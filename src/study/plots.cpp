#include "study/plots.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "study/labels.hpp"
#include "study/report_words.hpp"
#include "study/svg.hpp"

namespace muster::study {

namespace {

constexpr double kWidth = 460;
constexpr double kMillisPerHour = 3'600'000;

double in_seconds(Millis time) {
  return static_cast<double>(time.count()) / 1000;
}

std::string style_of(const std::string& policy) {
  if (policy.starts_with("muster")) return "ours";
  return policy == "bound" ? "bound" : "theirs";
}

struct Priced {
  std::string name;
  double cost;
  double wait;
};

std::vector<Priced> priced(const TraceResult& result, const Terms& terms) {
  std::vector<Priced> points;
  for (const auto& policy : result.policies) {
    const auto cost = policy.cost(terms);
    points.push_back({policy.name,
                      cost ? static_cast<double>(*cost) / 1'000'000
                           : static_cast<double>(policy.instance_time.count()) / kMillisPerHour,
                      in_seconds(percentile(policy.waits, 95))});
  }
  return points;
}

// One that lets its tasks wait for hours would press all others into one line.
bool differs_by_much(const std::vector<Priced>& points) {
  std::vector<double> waits;
  for (const auto& point : points) {
    if (point.wait > 0) waits.push_back(point.wait);
  }
  if (waits.size() < 2) return false;
  std::ranges::sort(waits);
  return waits.back() > 20 * waits[(waits.size() - 1) / 2];
}

// One that costs many times as much would press all others together: the scale ends before it. Of
// two nobody is the odd one.
double highest_of_scale(const std::vector<Priced>& points) {
  constexpr double kManyTimes = 4;
  constexpr std::size_t kMostForAll = 2;
  std::vector<double> costs;
  for (const auto& point : points) costs.push_back(point.cost);
  std::ranges::sort(costs);
  if (costs.size() <= kMostForAll) return costs.back();
  const auto usual = costs[(costs.size() - 1) / 2];
  return *(std::ranges::upper_bound(costs, kManyTimes * usual) - 1);
}

// At the edge, if it is beyond.
NamedPoint point_of(const Priced& policy, double highest, const svg::Scale& x, const svg::Scale& y,
                    const svg::Frame& frame) {
  NamedPoint point{policy.name, {x(policy.cost), y(policy.wait)}, style_of(policy.name)};
  if (policy.cost <= highest) return point;
  const auto cost = policy.cost < 10 ? policy.cost : std::round(policy.cost);
  point.name += fmt::format(" at {} >", svg::number(cost));
  point.at.x = frame.right;
  return point;
}

// Of time: a unit in which the whole is a few dozen at most.
struct TimeUnit {
  std::string_view name;
  double millis;
};
TimeUnit unit_for(Millis span) {
  if (span <= std::chrono::hours(3)) return {"minutes", 60'000};
  if (span <= std::chrono::hours(72)) return {"hours", kMillisPerHour};
  return {"days", 24 * kMillisPerHour};
}

template <class Value>
std::vector<svg::Point> curve(const PolicyResult& policy, const svg::Scale& x, const svg::Scale& y,
                              double step, Value CurvePoint::*value) {
  std::vector<svg::Point> points;
  for (std::size_t i = 0; i < policy.curve.size(); ++i) {
    points.push_back({x((static_cast<double>(i) + 0.5) * step), y(policy.curve[i].*value)});
  }
  return points;
}

// The words of a panel, each in the colour of its line, from left to right.
std::string words_in_colours(svg::Point at,
                             const std::vector<std::pair<std::string, std::string>>& words) {
  std::string drawn;
  for (const auto& [word, style] : words) {
    drawn += svg::text(at, word, svg::Anchor::start, style);
    at.x += svg::width_of(word) + 18;
  }
  return drawn;
}

}  // namespace

std::string wait_against_cost(const TraceResult& result, const Terms& terms) {
  constexpr svg::Frame kFrame{46, 34, kWidth - 14, 300};
  const auto points = priced(result, terms);
  const auto most = highest_of_scale(points);
  double longest = 1;
  for (const auto& point : points) longest = std::max(longest, point.wait);
  const svg::Scale x(0, most * 1.12, kFrame.left, kFrame.right);
  const auto y = differs_by_much(points)
                     ? svg::Scale::of_magnitudes(longest * 1.5, kFrame.bottom, kFrame.top)
                     : svg::Scale(0, longest * 1.1, kFrame.bottom, kFrame.top);
  auto drawn = svg::axis_y(kFrame, y, y.ticks(5), "95 % of the tasks wait at most, in seconds");
  drawn += svg::axis_x(kFrame, x, x.ticks(5), terms.price ? "cost" : "instance-hours");
  std::vector<NamedPoint> named;
  for (const auto& point : points) {
    named.push_back(point_of(point, most, x, y, kFrame));
  }
  std::ranges::stable_partition(named, [](const auto& point) { return point.style != "ours"; });
  return svg::drawing(kWidth, kFrame.bottom + 42, "Wait against cost, one point a policy",
                      drawn + with_names(named, kFrame));
}

namespace {

double longest_queue(const PolicyResult& policy) {
  double longest = 1;
  for (const auto& point : policy.curve) longest = std::max(longest, point.waiting);
  return longest;
}

}  // namespace

CurveLimits limits_of(const TraceResult& result) {
  constexpr double kManyTimes = 10;
  CurveLimits limits;
  limits.end = result.curve_end;
  std::vector<double> queues;
  for (const auto& policy : result.policies) {
    if (policy.curve.empty()) continue;
    queues.push_back(longest_queue(policy));
    for (const auto& point : policy.curve) {
      limits.most_instances = std::max({limits.most_instances, point.live, point.desired});
    }
  }
  std::ranges::sort(queues);
  for (const auto queue : queues) {
    if (queue <= kManyTimes * queues[(queues.size() - 1) / 2]) limits.most_waiting = queue;
  }
  return limits;
}

std::string over_time(const PolicyResult& policy, const CurveLimits& limits) {
  constexpr svg::Frame kQueue{40, 30, kWidth - 12, 92};
  constexpr svg::Frame kFleet{40, 132, kWidth - 12, 262};
  const auto unit = unit_for(limits.end);
  const auto end = static_cast<double>(limits.end.count()) / unit.millis;
  const auto step = end / static_cast<double>(Curves::kPoints);
  const svg::Scale x(0, end, kQueue.left, kQueue.right);
  const auto longest = longest_queue(policy);
  const bool own_scale = longest > limits.most_waiting;
  const svg::Scale waiting(0, std::max(longest, limits.most_waiting) * 1.05, kQueue.bottom,
                           kQueue.top);
  const svg::Scale there(0, limits.most_instances * 1.05, kFleet.bottom, kFleet.top);

  auto drawn = svg::axis_y(kQueue, waiting, waiting.ticks(3, true), "");
  drawn += words_in_colours(
      {kQueue.left, kQueue.top - 10},
      {{own_scale ? "tasks that wait (a scale of its own)" : "tasks that wait", "waiting"}});
  const auto queue = curve(policy, x, waiting, step, &CurvePoint::waiting);
  drawn += svg::area(queue, kQueue.bottom, "waiting fill") + svg::path(queue, "waiting stroke");
  drawn += svg::line({kQueue.left, kQueue.bottom}, {kQueue.right, kQueue.bottom}, "axis");

  drawn += svg::axis_y(kFleet, there, there.ticks(5, true), "");
  drawn += words_in_colours(
      {kFleet.left, kFleet.top - 10},
      {{"instances:", ""}, {"desired", "desired"}, {"actual", "actual"}, {"busy", "busy"}});
  drawn += svg::axis_x(kFleet, x, x.ticks(7), fmt::format("{} since the beginning", unit.name));
  const auto busy = curve(policy, x, there, step, &CurvePoint::busy);
  drawn += svg::area(busy, kFleet.bottom, "busy fill");
  drawn += svg::path(curve(policy, x, there, step, &CurvePoint::live), "actual stroke");
  drawn += svg::path(curve(policy, x, there, step, &CurvePoint::desired), "desired stroke");
  return svg::drawing(kWidth, kFleet.bottom + 42,
                      policy.name + ": tasks that wait and instances over time", drawn);
}

}  // namespace muster::study
