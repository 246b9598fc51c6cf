#pragma once

#include <functional>
#include <stop_token>
#include <thread>

#include "base/time.hpp"

namespace muster {

// A stop that is requested once `duration` is over, or when `sooner` is.
class StopAfter {
 public:
  explicit StopAfter(Millis duration, const std::stop_token& sooner = {});

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::stop_callback<std::function<void()>> sooner_;
  std::jthread timer_;
};

}  // namespace muster
