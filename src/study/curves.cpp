#include "study/curves.hpp"

#include <iterator>

namespace muster::study {

namespace {

using simulation::Levels;

constexpr std::int64_t Levels::*kEach[] = {&Levels::waiting, &Levels::desired, &Levels::live,
                                           &Levels::busy};
constexpr CurvePoint::Count CurvePoint::*kCounts[] = {&CurvePoint::waiting, &CurvePoint::desired,
                                                      &CurvePoint::live, &CurvePoint::busy};

void add_to(Levels& sum, const Levels& levels, std::int64_t times) {
  for (const auto each : kEach) sum.*each += levels.*each * times;
}

void raise_to(Levels& most, const Levels& levels) {
  for (const auto each : kEach) most.*each = std::max(most.*each, levels.*each);
}

}  // namespace

Curves::Curves(Millis expected)
    : expected_(std::max(expected, Millis(1))), sums_(kPoints * kLongest), most_(kMostParts) {}

void Curves::add(Millis when, const Levels& levels) {
  if (levels_.waiting > 0 || levels_.busy > 0) work_end_ = std::max(work_end_, when);
  while (latest_ < when && part_ < kMostParts) {
    const auto next = std::min(when, begin_of_part(part_ + 1));
    if (next > latest_) {
      add_to(sums_[part_ / kParts], levels_, (next - latest_).count());
      raise_to(most_in_part_, levels_);
    }
    latest_ = next;
    if (latest_ >= begin_of_part(part_ + 1)) end_part();
  }
  levels_ = levels;
}

void Curves::end_part() {
  add_to(most_[part_], most_in_part_, 1);
  most_in_part_ = {};
  ++part_;
}

void Curves::next_world() {
  if (part_ < kMostParts) end_part();
  latest_ = Millis(0);
  part_ = 0;
  levels_ = {};
}

std::vector<CurvePoint> Curves::points() const {
  std::vector<CurvePoint> points(sums_.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto lasts = begin_of_part((i + 1) * kParts) - begin_of_part(i * kParts);
    const auto over = static_cast<double>(std::max<std::int64_t>(lasts.count(), 1));
    Levels most;
    for (auto part = i * kParts; part < (i + 1) * kParts; ++part) raise_to(most, most_[part]);
    for (std::size_t each = 0; each < std::size(kEach); ++each) {
      points[i].*kCounts[each] = {static_cast<double>(sums_[i].*kEach[each]) / over,
                                  static_cast<double>(most.*kEach[each])};
    }
  }
  return points;
}

std::size_t Curves::points_until(Millis end, Millis expected) {
  const auto span = std::max<std::int64_t>(expected.count(), 1);
  const auto needed = (end.count() * static_cast<std::int64_t>(kPoints) + span - 1) / span;
  return std::clamp(static_cast<std::size_t>(std::max<std::int64_t>(needed, 0)), kPoints,
                    kPoints * kLongest);
}

}  // namespace muster::study
