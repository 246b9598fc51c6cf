#pragma once

// What the loop remembers through restarts, and the record of its decisions.
//
// One thread owns a Ledger. When it cannot write, the loop holds: an intent that is not on disk
// is not acted upon (S8).

#include <string>

#include "base/result.hpp"
#include "fleet/observe.hpp"

namespace muster::fleet {

class Ledger {
 public:
  virtual ~Ledger() = default;

  // An unknown class has an empty memory.
  virtual Result<ClassMemory> load(const std::string& resource_class) = 0;
  virtual Result<void> save(const std::string& resource_class, const ClassMemory& memory) = 0;

  // Keeps one decision with the snapshot it was made from.
  virtual Result<void> record(const std::string& resource_class, const scaling::Snapshot& snapshot,
                              const scaling::Decision& decision) = 0;
};

}  // namespace muster::fleet
