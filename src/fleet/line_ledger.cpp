#include "fleet/line_ledger.hpp"

#include <fmt/core.h>

#include "fleet/json.hpp"

namespace muster::fleet {

// A line that cannot be written is no reason not to act: what must be remembered is elsewhere.
Result<void> LineLedger::record(const std::string& resource_class,
                                const scaling::Snapshot& snapshot,
                                const scaling::Decision& decision) {
  const auto line = to_json({resource_class, snapshot, decision}) + "\n";
  std::fwrite(line.data(), 1, line.size(), lines_);
  std::fflush(lines_);
  return ok();
}

}  // namespace muster::fleet
