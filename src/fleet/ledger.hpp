#pragma once

// What the loop remembers through restarts, and the record of its decisions.
//
// One thread owns a Ledger. When it cannot write, the loop holds: an intent that is not on disk
// is not acted upon (S8).

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "fleet/observe.hpp"

namespace muster::fleet {

// Whose a class is to scale.
struct Charge {
  enum class Kind {
    ours,        // as it was in the pass before
    newly_ours,  // what is remembered of it must be loaded
    anothers,
    unknown,  // nobody can tell now
  };
  Kind kind = Kind::ours;
  std::string why = {};  // of a class that is not ours: in words

  bool is_ours() const { return kind == Kind::ours || kind == Kind::newly_ours; }
};

class Ledger {
 public:
  virtual ~Ledger() = default;

  // An unknown class has an empty memory.
  virtual Result<ClassMemory> load(const std::string& resource_class,
                                   const std::stop_token& stop) = 0;
  // It waits for no other machine unless may_wait(), and then for no longer than `stop`.
  virtual Result<void> save(const std::string& resource_class, const ClassMemory& memory,
                            const std::stop_token& stop) = 0;

  virtual bool may_wait() const { return true; }

  // Takes charge of classes, or keeps it, so that no other scaler acts on them. A class that the
  // answer leaves out is ours, as all are where no other scaler can reach this ledger.
  virtual std::map<std::string, Charge> take_charge(const std::vector<std::string>& /*classes*/,
                                                    const std::stop_token& /*stop*/) {
    return {};
  }
  // Whether the class still is ours: asked right before something is done.
  virtual bool in_charge(const std::string& /*resource_class*/) const { return true; }
  // To be asked for again within this time, or another may take it. Nothing: nobody can.
  virtual std::optional<Millis> charge_lasts() const { return std::nullopt; }
  // Leaves every class to whoever asks next.
  virtual void hand_over(const std::stop_token& /*stop*/) {}

  // Keeps one decision with the snapshot it was made from.
  virtual Result<void> record(const std::string& resource_class, const scaling::Snapshot& snapshot,
                              const scaling::Decision& decision) = 0;
};

}  // namespace muster::fleet
