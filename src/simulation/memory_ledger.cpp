#include "simulation/memory_ledger.hpp"

#include <utility>

namespace muster::simulation {

namespace {

constexpr Millis kLease = std::chrono::seconds(30);
constexpr Millis kMargin = std::chrono::seconds(3);

}  // namespace

MemoryLedger::MemoryLedger(MemoryTable& table, std::string owner, const Clock& clock,
                           const Faults& faults, Random random, Killer& killer)
    : table_(table),
      owner_(std::move(owner)),
      clock_(clock),
      faults_(faults),
      random_(random),
      killer_(killer) {}

Result<fleet::ClassMemory> MemoryLedger::load(const std::string& resource_class,
                                              const std::stop_token&) {
  killer_.pass_by();
  return table_.memories[resource_class];
}

Result<void> MemoryLedger::save(const std::string& resource_class, const fleet::ClassMemory& memory,
                                const std::stop_token&) {
  killer_.pass_by();
  if (random_.chance(faults_.ledger_full)) return Error{ErrorKind::exhausted, "the disk is full"};
  table_.memories[resource_class] = memory;
  killer_.pass_by();
  return ok();
}

std::map<std::string, fleet::Charge> MemoryLedger::take_charge(
    const std::vector<std::string>& classes, const std::stop_token&) {
  std::map<std::string, fleet::Charge> charges;
  if (!table_.is_leased) return charges;
  killer_.pass_by();
  const auto ours = charge();
  killer_.pass_by();
  for (const auto& name : classes) charges.emplace(name, ours);
  return charges;
}

fleet::Charge MemoryLedger::charge() {
  const auto now = clock_.monotonic();
  const bool kept = table_.owner == owner_;
  const bool free = table_.owner.empty() || table_.leased_until + kMargin <= now;
  if (!kept && !free) return {fleet::Charge::Kind::anothers, "it is " + table_.owner + "'s"};
  table_.owner = owner_;
  table_.leased_until = now + kLease;
  return {kept ? fleet::Charge::Kind::ours : fleet::Charge::Kind::newly_ours};
}

bool MemoryLedger::in_charge(const std::string&) const {
  if (!table_.is_leased) return true;
  const auto act_until = table_.leased_until - kMargin - fleet::kLongestAct;
  return table_.owner == owner_ && clock_.monotonic() < act_until;
}

std::optional<Millis> MemoryLedger::charge_lasts() const {
  return table_.is_leased ? std::optional(kLease / 3) : std::nullopt;
}

}  // namespace muster::simulation
