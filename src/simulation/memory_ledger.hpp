#pragma once

// What the scalers of a world remember, in a table that outlives their processes.

#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "fleet/ledger.hpp"
#include "simulation/conditions.hpp"
#include "simulation/killer.hpp"

namespace muster::simulation {

struct MemoryTable {
  std::map<std::string, fleet::ClassMemory> memories;
  // Where several scalers share it, one has it under a lease, as lease/leased_ledger promises.
  bool is_leased = false;
  std::string owner;
  MonotonicTime leased_until{};
};

// One process's way to the table.
class MemoryLedger final : public fleet::Ledger {
 public:
  MemoryLedger(MemoryTable& table, std::string owner, const Clock& clock, const Faults& faults,
               Random random, Killer& killer);

  Result<fleet::ClassMemory> load(const std::string& resource_class,
                                  const std::stop_token& stop) override;
  Result<void> save(const std::string& resource_class, const fleet::ClassMemory& memory,
                    const std::stop_token& stop) override;
  Result<void> record(const std::string&, const scaling::Snapshot&,
                      const scaling::Decision&) override {
    return ok();
  }
  std::map<std::string, fleet::Charge> take_charge(const std::vector<std::string>& classes,
                                                   const std::stop_token& stop) override;
  bool in_charge(const std::string& resource_class) const override;
  std::optional<Millis> charge_lasts() const override;
  bool may_wait() const override { return false; }

 private:
  fleet::Charge charge();

  MemoryTable& table_;
  const std::string owner_;
  const Clock& clock_;
  const Faults& faults_;
  Random random_;
  Killer& killer_;
};

}  // namespace muster::simulation
