#pragma once

// What the fleet of one class was, by steps of time: how long its instances were, what they cost,
// and the most that there was of each kind. Pure.
//
// A scaler says how many there are; until it says so again, but for kLongestScalerSilence at most,
// that holds. How long that was is counted in service time, which never jumps; which step it falls
// into is asked of the wall clock. So a clock that is set changes which steps there are, and no
// sum.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "protocol/messages.hpp"
#include "store/queue.hpp"

namespace muster::store {

// Each stretch of time is in one step of each tier, and a step is kept for so long.
struct Tier {
  Millis step{};
  Millis kept{};
};
inline constexpr std::array<Tier, 3> kTiers = {{
    {std::chrono::seconds(10), std::chrono::hours(2)},
    {std::chrono::minutes(5), std::chrono::days(2)},
    {std::chrono::minutes(30), std::chrono::days(32)},
}};

// When the step begins that has this moment.
WallTime begin_of_step(WallTime time, Millis step);

// How a class is now. More than kMostCounted of anything is not believed.
struct FleetCounts {
  std::int64_t queue = 0;
  std::int64_t running = 0;
  std::int64_t desired = 0;
  std::int64_t live = 0;
  std::int64_t busy = 0;
  std::int64_t booting = 0;
  std::int64_t idle = 0;
  std::optional<protocol::Money> price = {};  // of an instance-hour
  std::string currency = {};                  // of that

  friend bool operator==(const FleetCounts&, const FleetCounts&) = default;
};
inline constexpr std::int64_t kMostCounted = 1'000'000;

struct FleetStep {
  bool known = false;               // a scaler spoke of some of it
  protocol::FleetTotals sums = {};  // its cost is of its currency alone
  protocol::FleetPoint most = {};   // `at` is not used

  bool is_nothing() const;  // all is zero
  // Of the same step, or for a sum of several. Of two currencies the latter stays, with its cost.
  void add(const FleetStep& later);
};

class FleetSteps {
 public:
  // By length and begin.
  using Steps = std::map<std::pair<Millis, WallTime>, FleetStep>;

  // It is so from now on.
  void report(const FleetCounts& counts, const Now& now);
  // Only the queue is known anew.
  void look(std::int64_t queue, std::int64_t running, const Now& now);
  void ended(std::int64_t tasks, const Now& now);
  // Counts what was until now.
  void advance(const Now& now);

  // What was counted and not yet taken.
  const Steps& steps() const { return steps_; }
  // Of that what is to be kept. A step in which nothing was is, if a scaler spoke of it, and once
  // it is over: that it was calm is known so. But none of the finest, of which there are too many.
  Steps take(WallTime now);
  // Takes it back.
  void put_back(const Steps& steps);

 private:
  void count(WallTime begin, Millis time);
  void note_most(WallTime now);
  void add(WallTime at, const FleetStep& piece);
  std::int64_t cost_of(Millis time);

  FleetCounts counts_;
  ServiceTime counted_until_{};
  Millis holds_for_{};        // from then on, unless there is a report before
  std::int64_t carried_ = 0;  // of the cost: what is less than a millionth, times an hour's ms
  Steps steps_;
};

}  // namespace muster::store
