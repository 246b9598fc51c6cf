#pragma once

// Chance from a seed. One seed gives one run, bit for bit, on every machine: integers alone, and
// nothing of std:: whose results a library may choose.
// Source of the generator: S. Vigna, "splitmix64" (public domain); of the range reduction:
// D. Lemire, "Fast Random Integer Generation in an Interval", 2019.

#include <cstdint>

#include "base/time.hpp"

namespace muster::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  // Both included; least <= most.
  std::int64_t between(std::int64_t least, std::int64_t most);
  Millis between(Millis least, Millis most);
  bool chance(std::int64_t permille) { return between(0, 999) < permille; }
  // Another one, so that what one part of a world draws changes nothing in another.
  Random fork() { return Random(next()); }

  // -log2 of a number between 0 and 1, in 1/2^32.
  std::int64_t bits_of_surprise();
  // Nearly normal: mean 0, deviation 1, within 6 of it; in 1/2^32.
  std::int64_t deviation();
  static constexpr std::int64_t kMostDeviation = std::int64_t(6) << 32;

 private:
  std::uint64_t state_;
};

}  // namespace muster::simulation
