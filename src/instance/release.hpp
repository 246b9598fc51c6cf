#pragma once

// The end of this instance. It asks the Auto Scaling group to end it, and if that is in vain ends
// itself: nothing that runs for nothing may stay.

#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "instance/self.hpp"

namespace muster::instance {

struct Release {
  std::string reason;     // for the record
  std::string log_group;  // where it is recorded beside our own log; empty: nowhere
  std::string shutdown;   // the last resort, for sh
  Millis patience{};      // how long the group is asked
};

enum class Released {
  by_group,   // it ends us
  by_itself,  // the machine shuts down
};

// `hurry` cuts all waiting short: the group is asked once more, at once. An error: the machine
// does not shut down either.
Result<Released> release(const Release& wanted, Self& self, const std::stop_token& hurry);

}  // namespace muster::instance
