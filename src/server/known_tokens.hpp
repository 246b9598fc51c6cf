#pragma once

// Which tokens were seen a moment ago to be ones that we gave out, so that not each request of a
// busy caller costs another look into the database before it is handled. It says who is no
// stranger, never what somebody may do: that is looked up when it counts. Belongs to one thread.

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>

#include "base/time.hpp"

namespace muster::server {

class KnownTokens {
 public:
  // `look_up` is asked about a token that was not found to be known in the latest seconds.
  bool is_known(const std::string& token, MonotonicTime now, const std::function<bool()>& look_up);

  std::size_t size() const { return until_.size(); }

 private:
  std::unordered_map<std::size_t, MonotonicTime> until_;  // by a hash, so that no token is kept
};

}  // namespace muster::server
