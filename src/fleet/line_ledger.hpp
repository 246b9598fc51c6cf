#pragma once

// The record of decisions as JSON lines on a stream, for where there is no disk to keep it on.
// Remembers nothing. That lines are lost is told in the log, once until one is written again.

#include <cstdio>

#include "fleet/ledger.hpp"

namespace muster::fleet {

class LineLedger final : public Ledger {
 public:
  explicit LineLedger(std::FILE* lines) : lines_(lines) {}

  Result<ClassMemory> load(const std::string&, const std::stop_token&) override {
    return ClassMemory();
  }
  Result<void> save(const std::string&, const ClassMemory&, const std::stop_token&) override {
    return ok();
  }
  Result<void> record(const std::string& resource_class, const scaling::Snapshot& snapshot,
                      const scaling::Decision& decision) override;

 private:
  std::FILE* lines_;
  bool lost_ = false;  // the latest line
};

}  // namespace muster::fleet
