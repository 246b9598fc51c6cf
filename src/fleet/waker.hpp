#pragma once

// Wakes the loop when a watcher has seen a change, and lets the watcher go on only after a pass
// has looked at it, so that a change that persists cannot spin it. Thread-safe.

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

#include "base/time.hpp"

namespace muster::fleet {

class Waker {
 public:
  // The watcher's side: a pass is wanted. await_pass() returns after one has ended since.
  std::uint64_t poke();
  void await_pass(std::uint64_t since, std::stop_token stop);

  // The loop's side. await_poke() returns when one is wanted or `patience` is over.
  void pass_begins();
  void pass_ended();
  void await_poke(Millis patience, std::stop_token stop);

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool poked_ = false;
  std::uint64_t passes_ = 0;
};

}  // namespace muster::fleet
