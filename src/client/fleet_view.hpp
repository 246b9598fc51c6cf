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

// A line for each of these classes: queue, desired, booting, busy, idle, ending.
std::vector<std::string> render(const protocol::FleetStatus& fleet, const ClassNames& classes,
                                const Style& style);

// Why tasks of these classes still wait, as far as the server knows: a line for each class that has
// such tasks, and one with what to do if no scaler is there. `silent`: classes whose scaler, if
// there ever was one, has fallen silent.
std::vector<std::string> why_waiting(const protocol::FleetStatus& fleet, const ClassNames& classes,
                                     const ClassNames& silent);

// Classes whose latest report is older than scalers are silent. `now`: of the server's clock, as
// the reports are; none: nobody is known to be silent.
ClassNames silent_at(const protocol::FleetStatus& fleet, const std::optional<WallTime>& now);

// "No scaler reports on local/small: is 'muster scale' running?"
std::string silence_of(const ClassNames& classes);

// When the pipeline's last task ended, by the server's clock.
WallTime last_end_of(const protocol::PipelineStatus& status);

// Remembers the fleet's highest numbers and how it went back to its minimum, most often zero. What
// is compared are the server's own times: the clocks of two machines differ.
class FleetRecord {
 public:
  void observe(const protocol::FleetStatus& fleet, const ClassNames& classes, MonotonicTime now);
  // Nobody can be heard at present.
  void excuse_silence(MonotonicTime now);

  // Classes without a new report for longer than scalers are silent.
  ClassNames silent(MonotonicTime now) const;
  // Whether reports that are newer than `last_end` say that every class is at its policy's minimum:
  // no runner more or less, and none of them booting, busy or ending.
  bool is_back(WallTime last_end) const;

  // "Peak: 6 runners (local/large 2, local/small 4)."
  std::string peak() const;
  // "Back at zero 23 ms after the last job.", "Back at its minimum of 2 runners 0.3 s after ..."
  std::string way_back(WallTime last_end) const;

 private:
  struct ClassRecord {
    std::int64_t peak = 0;
    std::int64_t minimum = 0;             // of its policy
    std::optional<WallTime> reported_at;  // the latest report
    std::optional<WallTime> back_since;   // the first report of its being at its minimum now
    MonotonicTime heard{};                // our own time of the latest report, or of our start
  };
  std::int64_t peak_ = 0;
  std::map<std::string, ClassRecord> classes_;
};

}  // namespace muster::client
