// bench/decide: how long decide() takes, and a pass that has read all, as lines of a table; see
// script/bench.

#include <algorithm>
#include <chrono>
#include <iostream>

#include <fmt/core.h>

#include "fleet/observe.hpp"

namespace {

using namespace muster;
using namespace muster::scaling;

constexpr WallTime kNow{std::chrono::hours(500'000)};

// Of ids as long as those of AWS: half are busy, and the others idle, booting or drain.
Snapshot a_class(int instances, std::int64_t unclaimed) {
  Snapshot snapshot;
  snapshot.now = kNow;
  snapshot.policy.max = 1'000;
  snapshot.policy.soon_free = true;
  snapshot.policy.reaps = true;
  for (int i = 0; i < instances; ++i) {
    const auto state = i % 2 == 0   ? InstanceState::connected
                       : i % 8 == 1 ? InstanceState::booting
                       : i % 8 == 3 ? InstanceState::draining
                                    : InstanceState::idle;
    snapshot.instances.push_back(
        {fmt::format("i-{:017x}", i), state, kNow - std::chrono::seconds(1)});
  }
  snapshot.demand = DemandReading{unclaimed, instances / 2, kNow};
  return snapshot;
}

// The quickest of some rounds, in microseconds: what a shared machine does besides only adds to it.
template <class Work>
double quickest(int rounds, Work work) {
  auto least = std::chrono::nanoseconds::max();
  for (int i = 0; i < rounds; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    work();
    least = std::min(least, std::chrono::nanoseconds(std::chrono::steady_clock::now() - begun));
  }
  return static_cast<double>(least.count()) / 1'000;
}

std::int64_t decide_all(const std::vector<Snapshot>& classes) {
  std::int64_t launches = 0;
  for (const auto& snapshot : classes) launches += decide(snapshot).launch;
  return launches;
}

// Classes with ten instances each, two of which boot, and as many runners as have connected.
struct Fleet {
  std::vector<fleet::ManagedClass> classes;
  fleet::CapacityList capacity;
  std::map<std::string, fleet::ClassDemand> demand;
  std::map<std::string, fleet::ClassMemory> memories;
};

Fleet a_fleet(int classes) {
  constexpr int kEach = 10;
  Fleet fleet;
  for (int i = 0; i < classes; ++i) {
    fleet::ManagedClass managed{fmt::format("acme/class-{:05}", i), {}, {}};
    managed.policy.max = 1'000;
    std::vector<fleet::KnownRunner> runners;
    for (int j = 0; j < kEach; ++j) {
      const auto id = fmt::format("i-{:017x}", i * 16 + j);
      if (j < 8) runners.push_back({id, std::nullopt, true, kNow, kNow});
      fleet.capacity.live.push_back({id, managed.name, std::nullopt});
    }
    fleet.demand[managed.name] = {DemandReading{3, 5, kNow}, std::move(runners)};
    fleet.memories[managed.name] = {};
    fleet.classes.push_back(std::move(managed));
  }
  // As from ten providers, each with one instance of every class.
  std::ranges::stable_sort(fleet.capacity.live, {}, [](const auto& it) { return it.id.back(); });
  return fleet;
}

// What the loop does in a pass between reading and writing: with all that it remembers.
std::int64_t pass(Fleet& fleet) {
  std::int64_t launches = 0;
  auto capacity = fleet.capacity;
  sort_by_class(capacity);
  for (const auto& managed : fleet.classes) {
    auto& memory = fleet.memories.at(managed.name);
    auto seen = observe(managed, capacity, fleet.demand.at(managed.name), memory, kNow);
    auto decision = decide(seen.snapshot);
    launches += decision.launch;
    seen.memory.state = std::move(decision.next);
    memory = std::move(seen.memory);
  }
  return launches;
}

}  // namespace

int main() {
  constexpr int kTimes = 1'000;
  std::int64_t launches = 0;
  for (const auto& [what, unclaimed] :
       {std::pair("nothing to do", 0), std::pair("a launch", 1'000)}) {
    const std::vector<Snapshot> same(kTimes, a_class(100, unclaimed));
    const auto took = quickest(20, [&] { launches += decide_all(same); }) / kTimes;
    std::cout << fmt::format("| one class with 100 instances, {} | {:.2f} µs | 2 µs |\n", what,
                             took);
  }
  const std::vector<Snapshot> many(10'000, a_class(10, 3));
  const auto took = quickest(10, [&] { launches += decide_all(many); }) / 1'000;
  std::cout << fmt::format("| 10,000 classes with 10 instances each | {:.1f} ms | 100 ms |\n",
                           took);
  auto fleet = a_fleet(10'000);
  const auto passed = quickest(10, [&] { launches += pass(fleet); }) / 1'000;
  std::cout << fmt::format(
      "| a pass over 10,000 classes with 100,000 instances: what is seen, and decided | {:.1f} ms | "
      "100 ms |\n",
      passed);
  return launches > 0 ? 0 : 1;
}
