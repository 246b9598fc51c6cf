#include "lease/leased_ledger.hpp"

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "fleet/memory_json.hpp"

namespace muster::lease {

namespace {

using fleet::Charge;

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

Charge LeasedLedger::charge_of(const std::string& resource_class, const std::stop_token& stop) {
  auto& lease = leases_[resource_class];
  if (!lease.ours) return take(resource_class, lease, stop);
  if (clock_.monotonic() < lease.renew_at) return {Charge::Kind::ours};
  const auto renewed = write(terms_.keys.at(resource_class), lease, lease.memory, stop);
  if (renewed) return {Charge::Kind::ours};
  if (!lease.ours) return take(resource_class, lease, stop);
  if (in_charge(resource_class)) return {Charge::Kind::ours};
  return {Charge::Kind::unknown, renewed.error().message};
}

Charge LeasedLedger::take(const std::string& resource_class, Lease& lease,
                          const std::stop_token& stop) {
  const auto& key = terms_.keys.at(resource_class);
  const auto reading = read(key, stop);
  if (!reading) return {Charge::Kind::unknown, reading.error().message};
  lease = {};
  if (const auto& item = reading->item) {
    const bool held = !item->owner.empty() && item->owner != terms_.owner &&
                      reading->at <= item->expires_at + terms_.margin;
    if (held) {
      return {Charge::Kind::anothers,
              fmt::format("{} is in charge of {}, at least until {}", printable(item->owner),
                          printable(key), format_rfc3339(item->expires_at))};
    }
    lease.version = item->version;
    lease.memory = item->memory;
  }
  const auto taken = write(key, lease, lease.memory, stop);
  if (taken) return {Charge::Kind::newly_ours};
  const bool late = taken.error().kind == ErrorKind::conflict;
  return {late ? Charge::Kind::anothers : Charge::Kind::unknown, taken.error().message};
}

Result<Reading> LeasedLedger::read(const std::string& key, const std::stop_token& stop) {
  const auto begun = clock_.monotonic();
  auto reading = table_->read(key, stop);
  if (!reading) return reading.error().within("reading the lease");
  set_table_clock(reading->at, begun);
  return reading;
}

// A conflict may be with a write of our own whose answer was lost.
Result<void> LeasedLedger::write(const std::string& key, Lease& lease, const std::string& memory,
                                 const std::stop_token& stop) {
  auto written = write_once(key, lease, terms_.owner, memory, stop);
  if (written || written.error().kind != ErrorKind::conflict) return written;
  const auto reading = read(key, stop);
  if (!reading) return reading.error();
  if (!reading->item)
    log::warn("somebody has deleted the lease, and the memory with it", {{"group", key}});
  if (!reading->item || reading->item->owner != terms_.owner) {
    lease.ours = false;
    return not_ours(key);
  }
  lease.version = reading->item->version;
  return write_once(key, lease, terms_.owner, memory, stop);
}

Result<void> LeasedLedger::write_once(const std::string& key, Lease& lease,
                                      const std::string& owner, const std::string& memory,
                                      const std::stop_token& stop) {
  const auto begun = clock_.monotonic();
  const Item next{.version = lease.version.value_or(0) + 1,
                  .owner = owner,
                  .expires_at = owner.empty() ? WallTime() : table_now() + terms_.duration,
                  .memory = memory};
  const auto at = table_->write(key, next, lease.version, stop);
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
  const auto lease = leases_.find(resource_class);
  return lease != leases_.end() && lease->second.ours &&
         clock_.monotonic() < lease->second.act_until;
}

std::optional<Millis> LeasedLedger::charge_lasts() const {
  return terms_.duration / 3;
}

void LeasedLedger::hand_over(const std::stop_token& stop) {
  for (auto& [name, lease] : leases_) {
    if (!lease.ours) continue;
    const auto& key = terms_.keys.at(name);
    const auto left = write_once(key, lease, "", lease.memory, stop);
    lease = {};
    if (!left) {
      log::warn("cannot hand over; the next scaler waits for the lease to end",
                {{"group", key}, {"error", left.error().message}});
    }
  }
}

Result<fleet::ClassMemory> LeasedLedger::load(const std::string& resource_class,
                                              const std::stop_token& stop) {
  const auto& key = terms_.keys.at(resource_class);
  auto memory = leases_[resource_class].memory;
  if (!leases_[resource_class].ours) {
    const auto reading = read(key, stop);
    if (!reading) return reading.error();
    memory = reading->item ? reading->item->memory : "{}";
  }
  auto remembered = fleet::memory_from_json(memory);
  if (remembered) return remembered;
  return remembered.error().within(
      fmt::format("the memory of {} (delete the item to start anew)", printable(key)));
}

Result<void> LeasedLedger::save(const std::string& resource_class, const fleet::ClassMemory& memory,
                                const std::stop_token& stop) {
  auto& lease = leases_[resource_class];
  const auto& key = terms_.keys.at(resource_class);
  if (!lease.ours) return not_ours(key);
  return write(key, lease, fleet::to_json(memory), stop);
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
