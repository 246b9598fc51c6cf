#pragma once

// Where a scaler's memory and its decisions are kept, as its configuration says: in its state
// directory, or under a lease that it shares with other scalers.

#include <memory>

#include "base/result.hpp"
#include "cli/scale_config.hpp"
#include "fleet/ledger.hpp"

namespace muster::cli {

// Whatever keeps other scalers away lasts as long as this.
class ScaleMemory {
 public:
  virtual ~ScaleMemory() = default;
  virtual fleet::Ledger& ledger() = 0;
};

// ErrorKind::conflict: another scaler works on the state directory, or one of a newer version has.
Result<std::unique_ptr<ScaleMemory>> open_memory(const ScaleConfig& config);

// To read only: nothing is written, and no lease may be taken. Null: there never was a scaler.
Result<std::unique_ptr<ScaleMemory>> look_at_memory(const ScaleConfig& config);

}  // namespace muster::cli
