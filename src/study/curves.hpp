#pragma once

// How many waited, ran and were there over the time of a run, over equal spans: on the average, and
// at most at any moment. Pure.

#include <algorithm>
#include <vector>

#include "simulation/world.hpp"

namespace muster::study {

struct CurvePoint {
  struct Count {
    double mean = 0;
    double most = 0;
  };
  Count waiting, desired, live, busy;
};

class Curves {
 public:
  static constexpr std::size_t kPoints = 360;  // of the time that is expected
  // Whatever takes longer than that is watched for so many times it.
  static constexpr std::size_t kLongest = 2;

  // From the beginning of a world for `expected`, or longer as long as there is work.
  explicit Curves(Millis expected);

  // How things stand from `when` on; times never go back.
  void add(Millis when, const simulation::Levels& levels);
  // The world has ended. Another one may be added, from the beginning.
  void next_world();

  // When nothing waited or ran any more, in all worlds; it may be later than what is watched.
  Millis work_end() const { return work_end_; }
  // All that are watched. Of several worlds together `most` is that of each in the same part of a
  // span, so it may be a little more than there was at one moment.
  std::vector<CurvePoint> points() const;
  // How many of them there are until then: at least as many as were expected.
  static std::size_t points_until(Millis end, Millis expected);

 private:
  static constexpr std::size_t kParts = 60;  // of a span
  static constexpr std::size_t kMostParts = kPoints * kLongest * kParts;

  Millis begin_of_part(std::size_t part) const {
    return expected_ * static_cast<std::int64_t>(part) /
           static_cast<std::int64_t>(kPoints * kParts);
  }
  void end_part();

  Millis expected_;
  std::vector<simulation::Levels> sums_;  // of each span, times milliseconds
  std::vector<simulation::Levels> most_;  // of each part, of the worlds before
  Millis latest_{};
  std::size_t part_ = 0;  // in which `latest_` is
  simulation::Levels most_in_part_;
  simulation::Levels levels_;
  Millis work_end_{};
};

}  // namespace muster::study
