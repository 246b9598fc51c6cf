#pragma once

// How often, and after how long, a call is made again: the "standard" mode of AWS's tools.

#include <functional>
#include <stop_token>

#include "base/time.hpp"

namespace muster::aws {

// Tokens that second attempts cost, so that a service in trouble is not asked ever more. One
// thread at a time.
class RetryQuota {
 public:
  static constexpr int kCapacity = 500;
  static constexpr int kUsualCost = 5;
  static constexpr int kTimeoutCost = 10;

  // False: there are too few, and the call must not be made again.
  bool take(int cost);
  // A call succeeded; its last attempt had cost this, or nothing.
  void give_back(int cost);

 private:
  int tokens_ = kCapacity;
};

// The pause before the attempt after `failed` ones: up to 1 s, 2 s, 4 s, … and never more than
// 20 s. `random` is from 0 to 1.
Millis pause_after(int failed, double random);

// What a client needs beside the network; tests have their own.
struct Patience {
  std::function<double()> random;  // from 0 to 1
  std::function<void(Millis, const std::stop_token&)> sleep;
};
Patience usual_patience();

}  // namespace muster::aws
