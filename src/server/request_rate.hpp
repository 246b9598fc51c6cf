#pragma once

// How often one caller may ask, so that who asks without end leaves something for the others.
// Belongs to one thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/time.hpp"

namespace muster::server {

// For whom a request counts. Whoever sends a token that we did not give out counts for the address,
// as if nothing had been sent: else each made-up token would have a rate of its own.
struct Caller {
  bool known = false;
  std::size_t id = 0;  // a hash, so that no token is kept
};
Caller known_by(std::string_view token);
// IPv6: by the network of 64 bits, whose addresses one machine has all to itself.
Caller stranger_at(std::string_view address);

class RequestRate {
 public:
  // So many a second, and twice as many at once after a rest. Zero: as many as come.
  explicit RequestRate(std::int64_t per_second) : per_second_(per_second) {}

  // Nothing: this request may be handled, and counts. Else how long until the next may.
  std::optional<Millis> wait_for(const Caller& caller, MonotonicTime now);

  std::size_t callers() const { return known_.size() + strangers_.size(); }

 private:
  struct Bucket {
    std::int64_t left = 0;  // thousandths of requests
    MonotonicTime at{};
  };
  using Buckets = std::unordered_map<std::size_t, Bucket>;

  Bucket& bucket_of(const Caller& caller, MonotonicTime now);
  std::int64_t full() const { return per_second_ * 2'000; }
  std::int64_t left_at(const Bucket& bucket, MonotonicTime now) const;
  void forget_rested(MonotonicTime now);

  std::int64_t per_second_;
  Buckets known_;
  Buckets strangers_;  // apart, so that however many they are, the known have theirs
  MonotonicTime forgotten_{};
};

}  // namespace muster::server
