#pragma once

// How often one caller may ask, so that who asks without end leaves something for the others.
// Belongs to one thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/time.hpp"
#include "net/http_server.hpp"

namespace muster::server {

class RequestRate {
 public:
  // So many a second, and twice as many at once after a rest. Zero: as many as come.
  explicit RequestRate(std::int64_t per_second) : per_second_(per_second) {}

  // Nothing: this request may be handled, and counts. Else how long until the next may.
  std::optional<Millis> wait_for(const net::Request& request, MonotonicTime now);

  std::size_t callers() const { return callers_.size(); }

 private:
  // By the token that is sent, whether it counts or not, and without one by the address.
  struct Bucket {
    std::int64_t left = 0;  // thousandths of requests
    MonotonicTime at{};
  };
  std::int64_t full() const { return per_second_ * 2'000; }
  std::int64_t left_at(const Bucket& bucket, MonotonicTime now) const;
  void forget_rested(MonotonicTime now);

  std::int64_t per_second_;
  std::unordered_map<std::size_t, Bucket> callers_;  // by a hash, so that no token is kept
};

}  // namespace muster::server
