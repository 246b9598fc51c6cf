#pragma once

// Where a scaler's memory and its decisions are kept, as its configuration says: in its state
// directory, or under a lease that it shares with other scalers.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/scale_config.hpp"
#include "fleet/ledger.hpp"
#include "lease/leased_ledger.hpp"

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

// The items of the lease table for a class: one for each of its groups, so that nobody else scales
// any of them, whatever the class is called there; of a class without a group its own.
std::vector<std::string> lease_keys(const ScaledClass& scaled,
                                    const std::string& region_of_environment);
// Whether they depend on the region of the environment.
bool needs_region(const ScaledClass& scaled);

// Those of each class. Two classes of one group are ErrorKind::invalid: each would end the busy
// instances of the other. `region` finds that of the environment, where a class does not name one.
using FindRegion = std::function<Result<std::string>()>;
Result<lease::LeaseKeys> lease_keys(const ScaleConfig& config, const FindRegion& region);

}  // namespace muster::cli
