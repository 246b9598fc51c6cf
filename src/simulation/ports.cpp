#include "simulation/ports.hpp"

#include <algorithm>
#include <exception>

#include <fmt/core.h>

namespace muster::simulation {

namespace {

constexpr Millis kRecently = std::chrono::minutes(10);

Error unavailable(const char* what) {
  return {ErrorKind::unavailable, what};
}

}  // namespace

// --- the queue --------------------------------------------------------------------------------

QueuePort::QueuePort(std::string resource_class, Timeline& timeline, TaskQueue& queue,
                     const Group& group, const Faults& faults, Random random, Killer& killer)
    : resource_class_(std::move(resource_class)),
      timeline_(timeline),
      queue_(queue),
      group_(group),
      faults_(faults),
      random_(random),
      killer_(killer) {}

std::map<std::string, fleet::ClassDemand> QueuePort::read(std::stop_token) {
  killer_.pass_by();
  fleet::ClassDemand demand;
  demand.demand = counts();
  if (std::holds_alternative<scaling::DemandReading>(demand.demand)) demand.runners = runners();
  return {{resource_class_, std::move(demand)}};
}

scaling::Demand QueuePort::counts() {
  if (random_.chance(faults_.queue_unreadable)) return scaling::DemandUnknown{"500 from the API"};
  const auto counts = queue_.counts_before(faults_.counts_lag);
  scaling::DemandReading reading{counts.waiting, counts.running, timeline_.wall()};
  if (random_.chance(faults_.queue_absurd)) reading.unclaimed = -1;
  return reading;
}

// An instance that has ended is listed for some time, too.
std::vector<fleet::KnownRunner> QueuePort::runners() const {
  std::vector<fleet::KnownRunner> known;
  const auto when = timeline_.monotonic() - faults_.runners_lag;
  const auto listed = group_.listed();
  known.reserve(listed.size());
  for (const auto* instance : listed) {
    const bool there = instance->connected && *instance->connected <= when;
    if (there) known.push_back({instance->id, std::nullopt, instance->tasks_run > 0});
  }
  return known;
}

void QueuePort::wait_for_change(Millis, std::stop_token) {
  std::terminate();  // in virtual time nobody waits: see LoopScaler
}

// --- the group --------------------------------------------------------------------------------

GroupPort::GroupPort(std::string resource_class, Timeline& timeline, Group& group, bool single_task,
                     const Faults& faults, Random random, Killer& killer)
    : resource_class_(std::move(resource_class)),
      timeline_(timeline),
      group_(group),
      single_task_(single_task),
      faults_(faults),
      random_(random),
      killer_(killer) {}

std::string GroupPort::pending_id(std::int64_t number) const {
  return fmt::format("runners/pending-{}", number);
}

Result<fleet::CapacityList> GroupPort::list(const std::stop_token&) {
  killer_.pass_by();
  if (random_.chance(faults_.list_unreadable)) return unavailable("no answer from the cloud");
  fleet::CapacityList all;
  const auto before = std::exchange(seen_, {});
  const auto listed = group_.listed();
  all.live.reserve(listed.size());
  for (const auto* instance : listed) {
    seen_.insert(seen_.end(), instance->id);  // they are listed in order
    all.live.push_back({instance->id, resource_class_, std::nullopt, false, single_task_});
  }
  for (const auto& id : before) {
    if (!seen_.contains(id)) all.ended.push_back({id, resource_class_, "no longer in the group"});
  }
  pending_ = std::max<std::int64_t>(group_.desired() - std::ssize(seen_), 0);
  for (std::int64_t i = 1; i <= pending_; ++i) {
    all.live.push_back({pending_id(i), resource_class_, asked_at_, false, single_task_, true});
  }
  tell_failures(all);
  return all;
}

void GroupPort::tell_failures(fleet::CapacityList& all) {
  const auto& failed = group_.last_failure();
  if (pending_ == 0 || !failed || failed->id == told_) return;
  if (failed->when < asked_at_by_aws_.value_or(timeline_.monotonic() - kRecently)) return;
  told_ = failed->id;
  all.failed_launches.emplace(resource_class_,
                              fleet::FailedLaunch{"InsufficientInstanceCapacity", failed->id});
}

Result<std::vector<std::string>> GroupPort::launch(const std::string&, std::int64_t count,
                                                   const std::stop_token&) {
  killer_.pass_by();
  const auto there = std::ssize(seen_) + pending_;
  count = std::min(count, std::max<std::int64_t>(group_.max() - there, 0));
  std::vector<std::string> launched;
  if (count == 0) return launched;
  if (auto raised = group_.set_desired(there + count); !raised) return raised.error();
  killer_.pass_by();
  asked_at_ = timeline_.wall();
  asked_at_by_aws_ = timeline_.monotonic();
  for (; count > 0; --count) launched.push_back(pending_id(++pending_));
  return launched;
}

Result<void> GroupPort::drain(const std::string&, const std::stop_token&) {
  return ok();
}

Result<void> GroupPort::reap(const std::string& id, const std::stop_token&) {
  killer_.pass_by();
  auto ended = group_.terminate(id);
  killer_.pass_by();
  if (ended) seen_.erase(id);
  return ended;
}

Result<void> GroupPort::withdraw(const std::string&, std::int64_t count, const std::stop_token&) {
  killer_.pass_by();
  const auto live = std::ssize(seen_);
  const auto desired = std::max(live, live + pending_ - count);
  auto lowered = group_.set_desired(desired);
  killer_.pass_by();
  if (lowered) pending_ = desired - live;
  return lowered;
}

void GroupPort::wait_for_change(Millis, std::stop_token) {
  std::terminate();  // as above
}

// --- the memory -------------------------------------------------------------------------------

Result<fleet::ClassMemory> MemoryLedger::load(const std::string& resource_class,
                                              const std::stop_token&) {
  killer_.pass_by();
  return memories_[resource_class];
}

Result<void> MemoryLedger::save(const std::string& resource_class, const fleet::ClassMemory& memory,
                                const std::stop_token&) {
  killer_.pass_by();
  if (random_.chance(faults_.ledger_full)) return Error{ErrorKind::exhausted, "the disk is full"};
  memories_[resource_class] = memory;
  killer_.pass_by();
  return ok();
}

}  // namespace muster::simulation
