#pragma once

// The scaler's memory in a table that several scalers reach, each group of machines under a lease:
// whoever holds it may act on the group. Who holds the leases of all groups of a class is in charge
// of the class, and may read and write what is remembered of it, which is kept in the first of its
// items. No lease is kept by who does not get all.
//
// A lease is taken for `duration` at a time and renewed by every write. Who holds one begins no act
// that might not end `margin` before the lease does, measured by this machine's monotonic clock
// from before the write began; who wants one waits until `margin` after its end by the table's
// clock. So the machines' own clocks may be wrong. An end that is further away than any lease lasts
// was written by hand: such a one is over once it was the same for as long as a lease and two
// margins. Every write names the version that it replaces:
// a scaler that was stopped while another took over writes nothing, and what cannot be written down
// is not acted upon.
//
// Not covered: a scaler that is stopped between asking in_charge() and the call that follows, and a
// call that the network delivers after its caller has given it up. What is then written is the
// desired capacity of an old snapshot, never lower than what lived then; or one ends by an old
// reading.
//
// One thread at a time.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "fleet/ledger.hpp"
#include "lease/lease_table.hpp"

namespace muster::lease {

// The items of a class's groups, one or more, by resource class. Each in ascending order, so that
// of two scalers who want the same ones each asks for them in the same order.
using LeaseKeys = std::map<std::string, std::vector<std::string>>;

struct LeaseTerms {
  std::string owner;  // of this scaler alone; shown to people
  LeaseKeys keys;
  Millis duration = std::chrono::seconds(30);
  Millis margin = std::chrono::seconds(3);
  Millis longest_act = fleet::kLongestAct;
};

class LeasedLedger final : public fleet::Ledger {
 public:
  // `decisions` takes the record of decisions; it must outlive this.
  LeasedLedger(std::unique_ptr<LeaseTable> table, LeaseTerms terms, fleet::Ledger& decisions,
               const Clock& clock = system_clock());

  std::map<std::string, fleet::Charge> take_charge(const std::vector<std::string>& classes,
                                                   const std::stop_token& stop) override;
  bool in_charge(const std::string& resource_class) const override;
  std::optional<Millis> charge_lasts() const override;
  void hand_over(const std::stop_token& stop) override;

  // Of a class that is not in our charge: as the table has it now.
  Result<fleet::ClassMemory> load(const std::string& resource_class,
                                  const std::stop_token& stop) override;
  Result<void> save(const std::string& resource_class, const fleet::ClassMemory& memory,
                    const std::stop_token& stop) override;
  Result<void> record(const std::string& resource_class, const scaling::Snapshot& snapshot,
                      const scaling::Decision& decision) override;

 private:
  struct Lease {
    std::string key;
    std::optional<std::int64_t> version;  // that of the item; nothing: there is none
    std::string memory = "{}";
    bool ours = false;
    bool perhaps_ours = false;  // asked for, and not refused: the answer may have been lost
    MonotonicTime renew_at{};
    MonotonicTime act_until{};
    // Of another's whose end no lease can have: its version, and since when it is the same.
    std::optional<std::int64_t> stuck_at;
    MonotonicTime stuck_since{};
  };
  using Leases = std::vector<Lease>;  // of one class, in the order of its keys

  Leases& leases_of(const std::string& resource_class);
  fleet::Charge charge_of(const std::string& resource_class, const std::stop_token& stop);
  fleet::Charge take(const std::string& resource_class, const std::stop_token& stop);
  std::optional<fleet::Charge> look(Lease& lease, const std::string& resource_class,
                                    const std::stop_token& stop);
  bool has_ended(const Reading& reading) const;
  bool has_been_left(Lease& lease, const Reading& reading) const;
  void leave(Leases& leases, const std::stop_token& stop);
  Result<void> give_back(Lease& lease, const std::stop_token& stop);
  Result<Reading> read(const std::string& key, const std::stop_token& stop);
  Result<void> write(Lease& lease, const std::string& memory, const std::stop_token& stop);
  Result<void> write_once(Lease& lease, const std::string& owner, const std::string& memory,
                          const std::stop_token& stop);
  WallTime table_now() const;
  void set_table_clock(WallTime told, MonotonicTime asked_at);

  const std::unique_ptr<LeaseTable> table_;
  const LeaseTerms terms_;
  fleet::Ledger& decisions_;
  const Clock& clock_;
  std::map<std::string, Leases> leases_;  // by class
  // What the table's clock told in its latest answer, and when we had asked.
  WallTime table_time_{};
  MonotonicTime asked_at_{};
};

}  // namespace muster::lease
