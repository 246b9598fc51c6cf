#include "lease/leased_ledger.hpp"

#include <algorithm>
#include <limits>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "fleet/memory_json.hpp"

namespace muster::lease {

namespace {

using fleet::Charge;

// Whoever wrote it: sums with it must stay in what a time holds.
WallTime believable(WallTime end) {
  constexpr WallTime kLatest{Millis(253'402'300'799'999)};  // the end of the year 9999
  return std::clamp(end, WallTime(), kLatest);
}

std::int64_t next_version(const std::optional<std::int64_t>& version) {
  const auto before = version.value_or(0);
  return before < std::numeric_limits<std::int64_t>::max() ? before + 1 : 1;
}

// Two classes with one group: then one of them is never scaled.
std::string for_another_class(const Item& item, const std::string& resource_class) {
  const auto memory = fleet::memory_from_json(item.memory);
  if (!memory || memory->resource_class.empty() || memory->resource_class == resource_class) {
    return "";
  }
  return fmt::format(" for {} (give each class a group of its own)",
                     printable(memory->resource_class));
}

Error not_ours(const std::string& key) {
  return {ErrorKind::conflict, fmt::format("the lease of {} is no longer ours", printable(key))};
}

}  // namespace

LeasedLedger::LeasedLedger(std::unique_ptr<LeaseTable> table, LeaseTerms terms,
                           fleet::Ledger& decisions, const Clock& clock)
    : table_(std::move(table)), terms_(std::move(terms)), decisions_(decisions), clock_(clock) {}

std::map<std::string, Charge> LeasedLedger::take_charge(const std::vector<std::string>& classes,
                                                        const std::stop_token& stop) {
  std::map<std::string, Charge> charges;
  for (const auto& name : classes) charges.emplace(name, charge_of(name, stop));
  return charges;
}

LeasedLedger::Leases& LeasedLedger::leases_of(const std::string& resource_class) {
  auto& leases = leases_[resource_class];
  if (leases.empty()) {
    for (const auto& key : terms_.keys.at(resource_class)) leases.push_back({.key = key});
  }
  return leases;
}

Charge LeasedLedger::charge_of(const std::string& resource_class, const std::stop_token& stop) {
  auto& leases = leases_of(resource_class);
  if (!std::ranges::all_of(leases, &Lease::ours)) return take(resource_class, stop);
  for (auto& lease : leases) {
    if (clock_.monotonic() < lease.renew_at) continue;
    const auto renewed = write(lease, lease.memory, stop);
    if (!lease.ours) return take(resource_class, stop);
    if (!renewed && !in_charge(resource_class)) {
      return {Charge::Kind::unknown, renewed.error().message};
    }
  }
  return {Charge::Kind::ours};
}

// All are looked at before one is written, so that who stands by only reads.
Charge LeasedLedger::take(const std::string& resource_class, const std::stop_token& stop) {
  auto& leases = leases_of(resource_class);
  for (auto& lease : leases) {
    if (const auto refused = look(lease, resource_class, stop)) {
      leave(leases, stop);
      return *refused;
    }
  }
  for (auto& lease : leases) {
    const auto taken = write(lease, lease.memory, stop);
    if (taken) continue;
    leave(leases, stop);
    const bool late = taken.error().kind == ErrorKind::conflict;
    return {late ? Charge::Kind::anothers : Charge::Kind::unknown, taken.error().message};
  }
  return {Charge::Kind::newly_ours};
}

// Why it cannot be taken, if so.
std::optional<Charge> LeasedLedger::look(Lease& lease, const std::string& resource_class,
                                         const std::stop_token& stop) {
  const auto reading = read(lease.key, stop);
  if (!reading) return Charge{Charge::Kind::unknown, reading.error().message};
  lease = {.key = lease.key, .stuck_at = lease.stuck_at, .stuck_since = lease.stuck_since};
  const auto& item = reading->item;
  if (!item) return std::nullopt;
  lease.version = item->version;
  lease.memory = item->memory;
  lease.ours = item->owner == terms_.owner;
  if (item->owner.empty() || lease.ours || has_ended(*reading) || has_been_left(lease, *reading)) {
    return std::nullopt;
  }
  return Charge{Charge::Kind::anothers,
                fmt::format("{} is in charge of {}{}, at least until {}", printable(item->owner),
                            printable(lease.key), for_another_class(*item, resource_class),
                            format_rfc3339(believable(item->expires_at)))};
}

bool LeasedLedger::has_ended(const Reading& reading) const {
  return believable(reading.item->expires_at) + terms_.margin < reading.at;
}

// An end that is further away than any lease lasts was written by hand, or by the clock of a table
// that has jumped. Whoever is there renews it, and its version changes; one that stays the same for
// longer than a lease lasts is nobody's, whatever it says.
bool LeasedLedger::has_been_left(Lease& lease, const Reading& reading) const {
  const auto& item = *reading.item;
  if (believable(item.expires_at) <= reading.at + terms_.duration + terms_.margin) return false;
  const auto now = clock_.monotonic();
  if (lease.stuck_at != item.version) lease.stuck_at = item.version, lease.stuck_since = now;
  return now - lease.stuck_since > terms_.duration + 2 * terms_.margin;
}

// A conflict is with a write of our own whose answer was lost, or another has it.
Result<void> LeasedLedger::give_back(Lease& lease, const std::stop_token& stop) {
  auto left = write_once(lease, "", lease.memory, stop);
  if (left || left.error().kind != ErrorKind::conflict) return left;
  const auto reading = read(lease.key, stop);
  if (!reading) return reading.error();
  if (!reading->item || reading->item->owner != terms_.owner) return ok();
  lease.version = reading->item->version;
  return write_once(lease, "", reading->item->memory, stop);
}

// Whichever of them are ours. One that cannot be given back ends by itself.
void LeasedLedger::leave(Leases& leases, const std::stop_token& stop) {
  for (auto& lease : leases) {
    if (!lease.ours && !lease.perhaps_ours) continue;
    const auto left = give_back(lease, stop);
    lease = {.key = lease.key};
    if (!left) {
      log::warn("cannot hand over; the next scaler waits for the lease to end",
                {{"group", lease.key}, {"error", left.error().message}});
    }
  }
}

Result<Reading> LeasedLedger::read(const std::string& key, const std::stop_token& stop) {
  const auto begun = clock_.monotonic();
  auto reading = table_->read(key, stop);
  if (!reading) return reading.error().within("reading the lease");
  set_table_clock(reading->at, begun);
  return reading;
}

// A conflict may be with a write of our own whose answer was lost.
Result<void> LeasedLedger::write(Lease& lease, const std::string& memory,
                                 const std::stop_token& stop) {
  auto written = write_once(lease, terms_.owner, memory, stop);
  if (written || written.error().kind != ErrorKind::conflict) return written;
  const auto reading = read(lease.key, stop);
  if (!reading) return reading.error();
  if (!reading->item)
    log::warn("somebody has deleted the lease, and the memory with it", {{"group", lease.key}});
  if (!reading->item || reading->item->owner != terms_.owner) {
    lease.ours = lease.perhaps_ours = false;
    return not_ours(lease.key);
  }
  lease.version = reading->item->version;
  return write_once(lease, terms_.owner, memory, stop);
}

Result<void> LeasedLedger::write_once(Lease& lease, const std::string& owner,
                                      const std::string& memory, const std::stop_token& stop) {
  const auto begun = clock_.monotonic();
  const Item next{.version = next_version(lease.version),
                  .owner = owner,
                  .expires_at = owner.empty() ? WallTime() : table_now() + terms_.duration,
                  .memory = memory};
  lease.perhaps_ours = !owner.empty();
  const auto at = table_->write(lease.key, next, lease.version, stop);
  if (!at) return at.error().within("writing the lease");
  set_table_clock(*at, begun);
  lease.version = next.version;
  lease.memory = next.memory;
  lease.ours = !owner.empty();
  lease.renew_at = begun + terms_.duration / 3;
  lease.act_until = begun + terms_.duration - terms_.margin - terms_.longest_act;
  return ok();
}

bool LeasedLedger::in_charge(const std::string& resource_class) const {
  const auto found = leases_.find(resource_class);
  return found != leases_.end() && std::ranges::all_of(found->second, [&](const Lease& lease) {
           return lease.ours && clock_.monotonic() < lease.act_until;
         });
}

std::optional<Millis> LeasedLedger::charge_lasts() const {
  return terms_.duration / 3;
}

void LeasedLedger::hand_over(const std::stop_token& stop) {
  for (auto& [name, leases] : leases_) leave(leases, stop);
}

Result<fleet::ClassMemory> LeasedLedger::load(const std::string& resource_class,
                                              const std::stop_token& stop) {
  const auto& lease = leases_of(resource_class).front();
  auto memory = lease.memory;
  if (!lease.ours) {
    const auto reading = read(lease.key, stop);
    if (!reading) return reading.error();
    memory = reading->item ? reading->item->memory : "{}";
  }
  auto remembered = fleet::memory_from_json(memory);
  if (remembered) return remembered;
  return remembered.error().within(
      fmt::format("the memory of {} (delete the item to start anew)", printable(lease.key)));
}

Result<void> LeasedLedger::save(const std::string& resource_class, const fleet::ClassMemory& memory,
                                const std::stop_token& stop) {
  auto& lease = leases_of(resource_class).front();
  if (!lease.ours) return not_ours(lease.key);
  return write(lease, fleet::to_json(memory), stop);
}

Result<void> LeasedLedger::record(const std::string& resource_class,
                                  const scaling::Snapshot& snapshot,
                                  const scaling::Decision& decision) {
  return decisions_.record(resource_class, snapshot, decision);
}

WallTime LeasedLedger::table_now() const {
  return table_time_ + (clock_.monotonic() - asked_at_);
}

// Counted from the question: then table_now() is never behind the table's clock, and no lease that
// we take ends earlier for others than for us.
void LeasedLedger::set_table_clock(WallTime told, MonotonicTime asked_at) {
  table_time_ = told;
  asked_at_ = asked_at;
}

}  // namespace muster::lease
