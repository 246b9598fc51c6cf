#pragma once

// When a class is tried again of which something has failed: soon at first, then more and more
// rarely, whatever becomes of the others. One thread calls.

#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace muster::fleet {

// The pause after the next failure in a row; `before`: the one after the last, none if 0.
Millis next_retry_pause(Millis before);

class Retries {
 public:
  void failed(const std::string& resource_class, std::string why, MonotonicTime now);
  void forget(const std::string& resource_class) { classes_.erase(resource_class); }

  // Why it is not tried then; null: it may be.
  const std::string* waits_for(const std::string& resource_class, MonotonicTime then) const;
  // When the first of those that may not be tried then is due.
  std::optional<MonotonicTime> next_after(MonotonicTime then) const;

 private:
  struct Retry {
    MonotonicTime at{};
    Millis pause{};
    std::string why;
  };
  std::map<std::string, Retry> classes_;
};

}  // namespace muster::fleet
