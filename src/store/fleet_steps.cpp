#include "store/fleet_steps.hpp"

#include <algorithm>

namespace muster::store {
namespace {

__extension__ using Wide = __int128;

constexpr Millis kFinest = kTiers.front().step;
constexpr std::int64_t kMillisPerHour = 3'600'000;

std::int64_t believed(std::int64_t count) {
  return std::clamp<std::int64_t>(count, 0, kMostCounted);
}

void believe(FleetCounts& counts) {
  for (auto* each : {&counts.queue, &counts.running, &counts.desired, &counts.live, &counts.busy,
                     &counts.booting, &counts.idle}) {
    *each = believed(*each);
  }
  if (counts.price) counts.price = std::clamp(*counts.price, {}, protocol::kMostPrice);
}

}  // namespace

WallTime begin_of_step(WallTime time, Millis step) {
  const auto into = time.time_since_epoch() % step;
  return time - (into < Millis(0) ? into + step : into);
}

bool FleetStep::is_nothing() const {
  const auto& [instance, booting, idle, busy, tasks, cost, currency] = sums;
  const auto sum = instance | booting | idle | busy | tasks;
  const auto top =
      most.queue | most.running | most.desired | most.live | most.busy | most.booting | most.idle;
  return sum == 0 && top == 0;
}

void FleetStep::add(const FleetStep& later) {
  known = known || later.known;
  auto& [instance, booting, idle, busy, tasks, cost, currency] = sums;
  instance += later.sums.instance_ms;
  booting += later.sums.booting_ms;
  idle += later.sums.idle_ms;
  busy += later.sums.busy_ms;
  tasks += later.sums.tasks;
  if (later.sums.cost) {
    const auto before = cost && currency == later.sums.currency ? cost->millionths : 0;
    cost = protocol::Money{before + later.sums.cost->millionths};
    currency = later.sums.currency;
  }
  using Point = protocol::FleetPoint;
  for (const auto member : {&Point::queue, &Point::running, &Point::desired, &Point::live,
                            &Point::busy, &Point::booting, &Point::idle}) {
    most.*member = std::max(most.*member, later.most.*member);
  }
}

void FleetSteps::report(const FleetCounts& counts, const Now& now) {
  advance(now);
  counts_ = counts;
  believe(counts_);
  holds_for_ = protocol::kLongestScalerSilence;
  note_most(now.wall);
}

void FleetSteps::look(std::int64_t queue, std::int64_t running, const Now& now) {
  advance(now);
  if (holds_for_ == Millis(0)) return;
  counts_.queue = believed(queue);
  counts_.running = believed(running);
  note_most(now.wall);
}

void FleetSteps::ended(std::int64_t tasks, const Now& now) {
  FleetStep piece;
  piece.sums.tasks = tasks;
  add(now.wall, piece);
}

void FleetSteps::advance(const Now& now) {
  const auto passed = std::max<Millis>(now.service - counted_until_, Millis(0));
  const auto held = std::min(passed, holds_for_);
  counted_until_ = now.service;
  holds_for_ -= held;
  auto begin = now.wall - passed;
  for (auto left = held; left > Millis(0);) {
    const auto time = std::min(left, begin_of_step(begin, kFinest) + kFinest - begin);
    count(begin, time);
    begin += time;
    left -= time;
  }
  if (holds_for_ > Millis(0)) note_most(now.wall);
}

FleetSteps::Steps FleetSteps::take(WallTime now) {
  Steps taken;
  for (auto it = steps_.begin(); it != steps_.end();) {
    const auto [length, begin] = it->first;
    const bool is_calm = it->second.is_nothing();
    const bool tells = it->second.known && length != kFinest;
    const bool is_over = begin + length <= now || begin > now;
    if (is_calm && tells && !is_over) {
      ++it;
      continue;
    }
    if (!is_calm || tells) taken.insert(*it);
    it = steps_.erase(it);
  }
  return taken;
}

void FleetSteps::put_back(const Steps& steps) {
  for (const auto& [key, step] : steps) {
    auto whole = step;
    whole.add(steps_[key]);
    steps_[key] = whole;
  }
}

// All of it within one of the finest steps, and so within one of each tier.
void FleetSteps::count(WallTime begin, Millis time) {
  FleetStep piece;
  piece.sums.instance_ms = counts_.live * time.count();
  piece.sums.booting_ms = counts_.booting * time.count();
  piece.sums.idle_ms = counts_.idle * time.count();
  piece.sums.busy_ms = counts_.busy * time.count();
  if (counts_.price) {
    piece.sums.cost = protocol::Money{cost_of(time)};
    piece.sums.currency = counts_.currency;
  }
  add(begin, piece);
  note_most(begin);
}

void FleetSteps::note_most(WallTime now) {
  FleetStep piece;
  piece.known = true;
  piece.most = {{},           counts_.queue, counts_.running, counts_.desired,
                counts_.live, counts_.busy,  counts_.booting, counts_.idle};
  add(now, piece);
}

void FleetSteps::add(WallTime at, const FleetStep& piece) {
  for (const auto& tier : kTiers) steps_[{tier.step, begin_of_step(at, tier.step)}].add(piece);
}

// What is too little to be told now is told with the next.
std::int64_t FleetSteps::cost_of(Millis time) {
  const auto whole = Wide(counts_.live * time.count()) * counts_.price->millionths + carried_;
  carried_ = static_cast<std::int64_t>(whole % kMillisPerHour);
  return static_cast<std::int64_t>(whole / kMillisPerHour);
}

}  // namespace muster::store
