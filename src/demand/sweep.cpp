#include "demand/sweep.hpp"

#include <algorithm>
#include <thread>

#include "base/sleep.hpp"
#include "demand/known_runner.hpp"
#include "demand/peer_clock.hpp"

namespace muster::demand {

namespace {

constexpr Millis kLongestSpread = std::chrono::seconds(5);  // of one reading: it must be fresh

std::vector<Sweep::Listing> listings_of(const std::vector<std::string>& classes) {
  std::map<std::string, std::vector<std::string>> by_namespace;
  for (const auto& name : classes) by_namespace[name.substr(0, name.find('/'))].push_back(name);
  std::vector<Sweep::Listing> listings;
  for (auto& [space, members] : by_namespace) listings.push_back({space, std::move(members)});
  return listings;
}

// So that a reading of many classes is spread over about half of its interval, and the peer has no
// burst of requests in each.
RequestBudget::Micros spacing_of(std::size_t classes, std::size_t listings, Millis interval) {
  const auto requests = static_cast<std::int64_t>(2 * classes + listings);
  if (requests <= Sweep::kAtOnce) return {};
  return RequestBudget::Micros(std::min(interval / 2, kLongestSpread)) / requests;
}

}  // namespace

void Sweep::run(std::vector<RunnerApi>& connections, const std::vector<std::string>& classes) {
  const auto listings = listings_of(classes);
  spacing_ = spacing_of(classes.size(), listings.size(), interval_);
  spread(connections, classes.size(),
         [&](RunnerApi& api, std::size_t i) { return read_counts(api, classes[i]); });
  if (!answered_ && !refusals.empty()) source_refusal = refusals.begin()->second;
  spread(connections, listings.size(),
         [&](RunnerApi& api, std::size_t i) { return read_runners(api, listings[i]); });
  // Half a reading is none.
  std::erase_if(readings, [&](const auto& each) { return !listed_.contains(each.first); });
}

template <class Work>
void Sweep::spread(std::vector<RunnerApi>& connections, std::size_t count, Work work) {
  std::atomic<std::size_t> next = 0;
  const auto go_on = [&](RunnerApi& api) {
    for (std::size_t i = next++; i < count && work(api, i);) i = next++;
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min(connections.size(), count); ++i) {
    others.emplace_back([&, i] { go_on(connections[i]); });
  }
  go_on(connections.front());
}

bool Sweep::may_ask() {
  {
    const std::lock_guard lock(mutex_);
    if (source_refusal) return false;
  }
  sleep_for(budget_.reserve(clock_.monotonic(), spacing_), stop_);
  return !stop_.stop_requested();
}

bool Sweep::read_counts(RunnerApi& api, const std::string& name) {
  if (!may_ask()) return false;
  scaling::DemandReading reading;
  reading.read_at = clock_.wall();
  const auto running = api.running_tasks(name, stop_);
  if (!running) return refuse({name}, running.error());
  answered_ = true;
  if (!may_ask()) return false;
  const auto unclaimed = api.unclaimed_tasks(name, stop_);
  if (!unclaimed) return refuse({name}, unclaimed.error());
  reading.running = *running;
  reading.unclaimed = *unclaimed;
  const std::lock_guard lock(mutex_);
  readings[name].demand = reading;
  return true;
}

// CircleCI's own command line takes a 404 for a namespace without a runner. It may also be one that
// the token may not see; then no class of it has been counted.
bool Sweep::is_empty_list(const Listing& listing, const Refusal& refusal) {
  if (!refusal.documented || refusal.error.kind != ErrorKind::not_found) return false;
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(listing.classes,
                             [&](const auto& name) { return readings.contains(name); });
}

bool Sweep::read_runners(RunnerApi& api, const Listing& listing) {
  if (!may_ask()) return false;
  auto runners = api.runners(listing.space, stop_);
  if (!runners && is_empty_list(listing, runners.error())) {
    runners = std::vector<protocol::RunnerName>();
  }
  if (!runners) return refuse(listing.classes, runners.error());
  const auto lead = lead_over(api.answered_at(), clock_.wall());
  const std::lock_guard lock(mutex_);
  listed_.insert(listing.classes.begin(), listing.classes.end());
  for (const auto& runner : *runners) {
    const auto found = readings.find(runner.resource_class);
    auto& known =
        found != readings.end() ? *found->second.runners : runners_of_others[runner.resource_class];
    known.push_back(known_runner(runner, lead));
  }
  return true;
}

bool Sweep::refuse(const std::vector<std::string>& classes, const Refusal& refusal) {
  const bool answered = refusal.scope != Refusal::Scope::unanswered;
  answered_ = answered_ || answered;
  const std::lock_guard lock(mutex_);
  if (refusal.scope == Refusal::Scope::source) {
    source_refusal = refusal;
  } else {
    for (const auto& name : classes) refusals[name] = refusal;
  }
  return answered;
}

}  // namespace muster::demand
