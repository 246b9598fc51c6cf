#pragma once

// How many waited, ran and were there over the time of a run, averaged over equal spans. Pure.

#include <vector>

#include "simulation/world.hpp"

namespace muster::study {

struct CurvePoint {
  double waiting = 0, desired = 0, live = 0, busy = 0;
};

class Curves {
 public:
  static constexpr std::size_t kPoints = 360;

  // From the beginning of a world to `end`; what comes later is left out.
  explicit Curves(Millis end) : end_(std::max(end, Millis(1))), sums_(kPoints) {}

  // How things stand from `when` on; times never go back.
  void add(Millis when, const simulation::Levels& levels);
  // To the end, as they stand; then another world may be added, from the beginning.
  void next_world();

  Millis end() const { return end_; }
  std::vector<CurvePoint> points() const;

 private:
  Millis begin_of(std::size_t point) const {
    return end_ * static_cast<std::int64_t>(point) / static_cast<std::int64_t>(kPoints);
  }

  Millis end_;
  std::vector<simulation::Levels> sums_;  // times milliseconds
  Millis latest_{};
  std::size_t point_ = 0;  // in which `latest_` is
  simulation::Levels levels_;
};

}  // namespace muster::study
