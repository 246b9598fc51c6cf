#include "simulation/random.hpp"

#include "simulation/fixed_point.hpp"

namespace muster::simulation {

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15;
  auto mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

// The bias is below 2^-40 for every range that a world uses.
std::int64_t Random::between(std::int64_t least, std::int64_t most) {
  const auto span = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least) + 1;
  if (span == 0) return static_cast<std::int64_t>(next());
  const auto offset = static_cast<std::uint64_t>((Wide(next()) * span) >> 64);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + offset);
}

Millis Random::between(Millis least, Millis most) {
  return Millis(between(least.count(), most.count()));
}

std::int64_t Random::bits_of_surprise() {
  return (std::int64_t(64) << kFractionBits) - log2(next() | 1);
}

// The sum of twelve even numbers between 0 and 1 has mean 6 and deviation 1.
std::int64_t Random::deviation() {
  std::int64_t sum = 0;
  for (int i = 0; i < 6; ++i) {
    const auto two = next();
    sum += static_cast<std::int64_t>(two >> 32) + static_cast<std::int64_t>(two & 0xffffffff);
  }
  return sum - (std::int64_t(6) << kFractionBits);
}

}  // namespace muster::simulation
