#include "simulation/peers.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace muster::simulation {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::int64_t one_for_each_task(const PeerView& seen) {
  return std::min(seen.queue.waiting + seen.queue.running, seen.max);
}

// What was added and has not connected counts as free.
std::int64_t add_what_is_lacking(const PeerView& seen) {
  const auto there = std::max(seen.desired, seen.live);
  const auto free = there - seen.queue.running;
  return std::min(there + seen.queue.waiting - free, seen.max);
}

}  // namespace

const Peer& tutorial() {
  static const Peer peer{"tutorial",
                         minutes(1),
                         {.single_task = true, .gives_up_its_place = false},
                         one_for_each_task};
  return peer;
}

const Peer& provisioner() {
  static const Peer peer{"provisioner", seconds(5), {.single_task = true}, one_for_each_task};
  return peer;
}

const Peer& buildkite() {
  static const Peer peer{.name = "buildkite",
                         .period = seconds(10),
                         .habits = {.single_task = false, .idle_timeout = minutes(10)},
                         .desired = one_for_each_task,
                         .between_raises = minutes(5),
                         .between_lowerings = minutes(60)};
  return peer;
}

const Peer& gitlab() {
  static const Peer peer{
      "gitlab", seconds(3), {.single_task = false, .idle_timeout = minutes(20)}, one_for_each_task};
  return peer;
}

const Peer& drone() {
  static const Peer peer{.name = "drone",
                         .period = minutes(5),
                         .habits = {.single_task = false, .idle_timeout = std::nullopt},
                         .desired = add_what_is_lacking,
                         .ends_idle_older_than = minutes(55)};
  return peer;
}

Peer fixed(std::int64_t count) {
  return {.name = fmt::format("fixed:{}", count),
          .period = seconds(10),
          .habits = {.single_task = false, .idle_timeout = std::nullopt},
          .desired = [count](const PeerView&) { return count; }};
}

bool PeerScaler::has_passed(Millis pause, const std::optional<MonotonicTime>& since) const {
  return !since || clock_.monotonic() - *since >= pause;
}

Millis PeerScaler::pass() {
  const auto wanted = peer_.desired(
      {queue_.counts_before(faults_.counts_lag), group_.desired(), group_.live(), group_.max()});
  const auto excess = std::max(group_.desired(), group_.live()) - wanted;
  if (peer_.ends_idle_older_than && excess > 0) {
    group_.end_idle(excess, *peer_.ends_idle_older_than);
  } else {
    set_desired(wanted);
  }
  return peer_.period;
}

void PeerScaler::set_desired(std::int64_t wanted) {
  const auto desired = group_.desired();
  if (wanted == desired) return;
  auto& latest = wanted > desired ? raised_ : lowered_;
  const auto pause = wanted > desired ? peer_.between_raises : peer_.between_lowerings;
  if (!has_passed(pause, latest)) return;
  if (group_.set_desired(wanted)) latest = clock_.monotonic();
}

}  // namespace muster::simulation
