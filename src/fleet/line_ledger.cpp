#include "fleet/line_ledger.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "fleet/json.hpp"

namespace muster::fleet {

// A line that cannot be written is no reason not to act: what must be remembered is elsewhere.
Result<void> LineLedger::record(const std::string& resource_class,
                                const scaling::Snapshot& snapshot,
                                const scaling::Decision& decision) {
  const auto line = to_json({resource_class, snapshot, decision}) + "\n";
  const bool written =
      std::fwrite(line.data(), 1, line.size(), lines_) == line.size() && std::fflush(lines_) == 0;
  if (!std::exchange(lost_, !written) && lost_) {
    log::warn("cannot write decisions to standard output; what is decided is done all the same",
              {{"error", std::generic_category().message(errno)}});
  }
  return ok();
}

}  // namespace muster::fleet
