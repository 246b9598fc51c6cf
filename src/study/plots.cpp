#include "study/plots.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

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

// One that costs many times as much, or stands far from all others, would press them together: the
// scale ends before it. Of two nobody is the odd one.
double highest_of_scale(const std::vector<Priced>& points) {
  constexpr double kManyTimes = 4, kFarFromOthers = 2.5;
  constexpr std::size_t kMostForAll = 2;
  std::vector<double> costs;
  for (const auto& point : points) costs.push_back(point.cost);
  std::ranges::sort(costs);
  if (costs.size() <= kMostForAll) return costs.back();
  auto last = (costs.size() - 1) / 2;
  const auto usual = costs[last];
  const auto fits = [&](double cost) {
    return cost <= kManyTimes * usual && cost <= kFarFromOthers * costs[last];
  };
  while (last + 1 < costs.size() && fits(costs[last + 1])) ++last;
  return costs[last];
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

// A scale begins so that what differs is seen apart, but never so that a difference of less than
// a few hundredths looks like much.
struct Range {
  double low, high;
};
Range range_of(double least, double most) {
  constexpr double kFarFromZero = 0.3, kLeastPart = 0.15, kMargin = 0.12;
  if (most <= 0) return {0, 1};
  if (least < kFarFromZero * most) return {0, most * (1 + kMargin)};
  const auto part = std::max(most - least, kLeastPart * most);
  return {std::max(0.0, least - kMargin * part), least + (1 + kMargin) * part};
}

// Those who let nobody wait stand at 0, which is below the scale where that begins elsewhere.
svg::Scale scale_of_waits(const std::vector<Priced>& points, const svg::Frame& frame) {
  constexpr double kMagnitudes = 3, kLeastSeconds = 1, kMargin = 1.25, kForZero = 34;
  auto least = std::numeric_limits<double>::max();
  double most = 0;
  for (const auto& point : points) {
    most = std::max(most, point.wait);
    if (point.wait >= kLeastSeconds) least = std::min(least, point.wait);
  }
  const bool any_less =
      std::ranges::any_of(points, [](const auto& point) { return point.wait < kLeastSeconds; });
  if (most < kLeastSeconds) return {0, 1, frame.bottom, frame.top};
  const auto bottom = any_less ? frame.bottom - kForZero : frame.bottom;
  if (most > kMagnitudes * least) {
    return svg::Scale::of_magnitudes(least / kMargin, most * kMargin, bottom, frame.top)
        .with_less_at(frame.bottom);
  }
  const auto [low, high] = range_of(least, most);
  if (low == 0) return {low, high, frame.bottom, frame.top};
  return svg::Scale(low, high, bottom, frame.top).with_less_at(frame.bottom);
}

// Two strokes across an axis: what is below them is not on its scale.
std::string gap(double x, double y) {
  std::string drawn = svg::line({x, y + 2.5}, {x, y - 2.5}, "break");
  for (const double below : {-2.5, 2.5}) {
    drawn += svg::line({x - 5, y + below + 3}, {x + 5, y + below - 3}, "axis");
  }
  return drawn;
}

std::string axis_of_waits(const svg::Frame& frame, const svg::Scale& y,
                          const std::vector<Priced>& points) {
  auto ticks = y.ticks(5);
  std::string drawn = svg::line({frame.left, frame.bottom}, {frame.left, frame.top}, "axis");
  const bool apart =
      std::ranges::any_of(points, [&](const auto& point) { return point.wait < y.low(); });
  if (apart) {
    ticks.insert(ticks.begin(), 0);
    drawn += gap(frame.left, frame.bottom - 17);
  }
  return svg::axis_y(frame, y, ticks,
                     fmt::format("95 % of the tasks wait at most, in seconds{}",
                                 y.is_of_magnitudes() ? " (logarithmic)" : "")) +
         drawn;
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

using Count = CurvePoint::Count;

// How one number of a policy goes, on a plot.
class Course {
 public:
  Course(const PolicyResult& policy, svg::Scale x, svg::Scale y, double end)
      : policy_(policy), x_(x), y_(y), step_(end / static_cast<double>(policy.curve.size())) {}

  std::vector<svg::Point> of(Count CurvePoint::*what, double Count::*which) const {
    std::vector<svg::Point> points;
    for (std::size_t i = 0; i < policy_.curve.size(); ++i) {
      points.push_back(
          {x_((static_cast<double>(i) + 0.5) * step_), y_(policy_.curve[i].*what.*which)});
    }
    return points;
  }

 private:
  const PolicyResult& policy_;
  svg::Scale x_, y_;
  double step_;
};

// The words of a panel, each in the colour of its line, from left to right.
std::string words_in_colours(svg::Point at,
                             const std::vector<std::pair<std::string, std::string>>& words) {
  std::string drawn;
  for (const auto& [word, style] : words) {
    if (word.empty()) continue;
    drawn += svg::text(at, word, svg::Anchor::start, style);
    at.x += svg::width_of(word) + 22;
  }
  return drawn;
}

}  // namespace

std::string wait_against_cost(const TraceResult& result, const Terms& terms) {
  constexpr svg::Frame kFrame{46, 34, kWidth - 14, 300};
  const auto points = priced(result, terms);
  const auto most = highest_of_scale(points);
  const auto least = std::ranges::min(points, {}, &Priced::cost).cost;
  const auto [low, high] = range_of(least, most);
  const svg::Scale x(low, high, kFrame.left, kFrame.right);
  const auto y = scale_of_waits(points, kFrame);
  const auto meaning = terms.price ? fmt::format("cost, at {} an instance-hour", price_text(terms))
                                   : std::string("instance-hours");
  auto drawn = svg::axis_x(kFrame, x, x.ticks(5),
                           meaning + (low > 0 ? " (the scale does not begin at 0)" : ""));
  drawn += axis_of_waits(kFrame, y, points);
  std::vector<NamedPoint> named;
  for (const auto& point : points) {
    named.push_back(point_of(point, most, x, y, kFrame));
  }
  std::ranges::stable_partition(named, [](const auto& point) { return point.style != "ours"; });
  return svg::drawing(kWidth, kFrame.bottom + 42,
                      terms.price ? "Wait against cost, one point a policy"
                                  : "Wait against instance-hours, one point a policy",
                      drawn + with_names(named, kFrame));
}

namespace {

double longest_queue(const PolicyResult& policy) {
  double longest = 1;
  for (const auto& point : policy.curve) longest = std::max(longest, point.waiting.most);
  return longest;
}

// Whether others wait or run for long after the last task is queued.
bool goes_on_for_long(const CurveLimits& limits) {
  constexpr double kMuchOfIt = 0.97;
  return static_cast<double>(limits.last_queued.count()) <=
         kMuchOfIt * static_cast<double>(limits.end.count());
}

constexpr svg::Frame kQueue{40, 30, kWidth - 12, 102};
constexpr svg::Frame kFleet{40, 142, kWidth - 12, 272};

std::string queue_over_time(const PolicyResult& policy, const CurveLimits& limits,
                            const svg::Scale& x, double end) {
  const auto longest = longest_queue(policy);
  const bool own_scale = longest > limits.most_waiting;
  const svg::Scale y(0, std::max(longest, limits.most_waiting) * 1.05, kQueue.bottom, kQueue.top);
  auto drawn = svg::axis_y(kQueue, y, y.ticks(3, true), "");
  drawn += words_in_colours({kQueue.left, kQueue.top - 10},
                            {{"tasks that wait:", ""},
                             {"mean", "waiting"},
                             {"at most", "waiting pale"},
                             {own_scale ? "(a scale of its own)" : "", ""}});
  const Course course(policy, x, y, end);
  const auto mean = course.of(&CurvePoint::waiting, &Count::mean);
  drawn +=
      svg::area(course.of(&CurvePoint::waiting, &Count::most), kQueue.bottom, "waiting fill pale");
  drawn += svg::area(mean, kQueue.bottom, "waiting fill") + svg::path(mean, "waiting stroke");
  return drawn + svg::line({kQueue.left, kQueue.bottom}, {kQueue.right, kQueue.bottom}, "axis");
}

std::string fleet_over_time(const PolicyResult& policy, const CurveLimits& limits,
                            const svg::Scale& x, double end) {
  const svg::Scale y(0, limits.most_instances * 1.05, kFleet.bottom, kFleet.top);
  auto drawn = svg::axis_y(kFleet, y, y.ticks(5, true), "");
  drawn += words_in_colours({kFleet.left, kFleet.top - 10}, {{"instances:", ""},
                                                             {"desired", "desired"},
                                                             {"actual", "actual"},
                                                             {"busy", "busy"},
                                                             {"pale: at most", ""}});
  const Course course(policy, x, y, end);
  drawn += svg::area(course.of(&CurvePoint::busy, &Count::most), kFleet.bottom, "busy fill pale");
  drawn += svg::area(course.of(&CurvePoint::busy, &Count::mean), kFleet.bottom, "busy fill");
  drawn += svg::path(course.of(&CurvePoint::live, &Count::most), "actual stroke pale");
  drawn += svg::path(course.of(&CurvePoint::live, &Count::mean), "actual stroke");
  return drawn + svg::path(course.of(&CurvePoint::desired, &Count::mean), "desired stroke");
}

}  // namespace

CurveLimits limits_of(const TraceResult& result) {
  constexpr double kManyTimes = 10;
  CurveLimits limits;
  limits.end = result.curve_end;
  limits.last_queued = result.last_queued;
  std::vector<double> queues;
  for (const auto& policy : result.policies) {
    if (policy.curve.empty()) continue;
    queues.push_back(longest_queue(policy));
    for (const auto& point : policy.curve) {
      limits.most_instances =
          std::max({limits.most_instances, point.live.most, point.desired.mean});
    }
  }
  std::ranges::sort(queues);
  for (const auto queue : queues) {
    if (queue <= kManyTimes * queues[(queues.size() - 1) / 2]) limits.most_waiting = queue;
  }
  return limits;
}

std::string over_time(const PolicyResult& policy, const CurveLimits& limits) {
  const auto unit = unit_for(limits.end);
  const auto end = static_cast<double>(limits.end.count()) / unit.millis;
  const svg::Scale x(0, end, kQueue.left, kQueue.right);
  auto drawn = queue_over_time(policy, limits, x, end);
  const bool has_mark = goes_on_for_long(limits);
  drawn += svg::axis_x(kFleet, x, x.ticks(7),
                       fmt::format("{} since the beginning{}", unit.name,
                                   has_mark ? "; dotted: the last task is queued" : ""));
  drawn += fleet_over_time(policy, limits, x, end);
  const auto at = x(static_cast<double>(limits.last_queued.count()) / unit.millis);
  if (has_mark) {
    for (const auto& frame : {kQueue, kFleet}) {
      drawn += svg::line({at, frame.top}, {at, frame.bottom}, "mark");
    }
  }
  return svg::drawing(kWidth, kFleet.bottom + 42,
                      policy.name + ": tasks that wait and instances over time", drawn);
}

}  // namespace muster::study
