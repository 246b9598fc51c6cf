#pragma once

// Time. In the core it is an argument; in the shell it comes from a Clock that a test can set.
//
// WallTime orders events for people and may jump; MonotonicTime measures and never jumps, and goes
// on while the machine is suspended.
// Both are counted in milliseconds.

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace muster {

using Millis = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<Millis>;
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Millis>;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual MonotonicTime monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime wall() const override;
  MonotonicTime monotonic() const override;
};

const Clock& system_clock();

// A clock that stands still until it is told to move. For tests and simulations; not thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime{}) : wall_(start) {}
  WallTime wall() const override { return wall_; }
  MonotonicTime monotonic() const override { return monotonic_; }
  void advance(Millis by) { wall_ += by, monotonic_ += by; }
  void jump_wall(Millis by) { wall_ += by; }

 private:
  WallTime wall_;
  MonotonicTime monotonic_{};
};

// "2020-05-15T00:00:00Z"; with milliseconds only where there are any.
std::string format_rfc3339(WallTime time);
Result<WallTime> parse_rfc3339(std::string_view text);

// Durations as CircleCI writes them: "72h", "1h30m20s", "10m", "0.5s", "250ms". Never negative.
Result<Millis> parse_duration(std::string_view text);

// Exact, in the same form: "1h30m20s", "250ms", "0s".
std::string format_duration(Millis duration);

// Rounded for a table: "38 ms", "4.2 s", "3 min 20 s", "2 h 5 min".
std::string humanize(Millis duration);

}  // namespace muster
