#pragma once

// The fleet as text, and what there is to say about it afterwards. Pure.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "client/terminal_text.hpp"
#include "protocol/messages.hpp"

namespace muster::client {

using ClassNames = std::set<std::string>;

// The classes that a pipeline's jobs want.
ClassNames classes_of(const protocol::PipelineStatus& status);

// A line for each of these classes: queue, desired, booting, busy, idle.
std::vector<std::string> render(const protocol::FleetStatus& fleet, const ClassNames& classes,
                                const Style& style);

// Remembers the fleet's highest numbers and how it went back to zero.
class FleetRecord {
 public:
  void observe(const protocol::FleetStatus& fleet, const ClassNames& classes, WallTime now);

  // Classes that no scaler has reported, as of the last observation.
  const ClassNames& unreported() const { return unreported_; }
  // No runner is left in any class.
  bool is_at_zero() const { return zero_since_.has_value(); }

  // "Peak: 6 runners (local/large 2, local/small 4)."
  std::string peak() const;
  // "Back at zero 2.1 s after the last job."
  std::string return_to_zero(const protocol::PipelineStatus& status) const;

 private:
  std::int64_t peak_ = 0;
  std::map<std::string, std::int64_t> class_peaks_;
  ClassNames unreported_;
  std::optional<WallTime> zero_since_;
};

}  // namespace muster::client
