#include "aws/retry.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/sleep.hpp"

namespace muster::aws {

bool RetryQuota::take(int cost) {
  if (cost > tokens_) return false;
  tokens_ -= cost;
  return true;
}

void RetryQuota::give_back(int cost) {
  tokens_ = std::min(kCapacity, tokens_ + std::max(cost, 1));
}

Millis pause_after(int failed, double random) {
  constexpr double kLongest = 20'000;
  const double longest = std::min(kLongest, 1'000 * std::exp2(failed - 1));
  return Millis(std::llround(longest * random));
}

Patience usual_patience() {
  return {.random =
              [dice = std::minstd_rand(std::random_device{}())]() mutable {
                return std::uniform_real_distribution<double>(0, 1)(dice);
              },
          .sleep = sleep_for};
}

}  // namespace muster::aws
