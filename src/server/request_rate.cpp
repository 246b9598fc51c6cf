#include "server/request_rate.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <functional>
#include <string>

namespace muster::server {

namespace {

constexpr std::int64_t kOne = 1'000;
constexpr std::size_t kMostCallers = 20'000;  // of the known, and as many strangers
constexpr std::size_t kAllOthers = 0;         // once there are so many
constexpr Millis kRested = std::chrono::seconds(2);

std::size_t hash_of(std::string_view text) {
  return std::hash<std::string_view>()(text);
}

}  // namespace

Caller known_by(std::string_view token) {
  return {true, hash_of(token)};
}

Caller stranger_at(std::string_view address) {
  constexpr std::size_t kNetwork = 8;  // bytes
  in6_addr v6{};
  const bool is_v6 = ::inet_pton(AF_INET6, std::string(address).c_str(), &v6) == 1;
  if (!is_v6 || IN6_IS_ADDR_V4MAPPED(&v6)) return {false, hash_of(address)};
  return {false, hash_of({reinterpret_cast<const char*>(v6.s6_addr), kNetwork})};
}

std::int64_t RequestRate::left_at(const Bucket& bucket, MonotonicTime now) const {
  const auto rested = std::clamp(now - bucket.at, Millis(0), kRested);
  return std::min(bucket.left + rested.count() * per_second_, full());
}

// Now and then: it looks at all of them, and who makes up callers must not have that done for each.
void RequestRate::forget_rested(MonotonicTime now) {
  if (now - forgotten_ < kRested) return;
  forgotten_ = now;
  for (auto* buckets : {&known_, &strangers_}) {
    std::erase_if(*buckets, [&](const auto& it) { return left_at(it.second, now) >= full(); });
  }
}

RequestRate::Bucket& RequestRate::bucket_of(const Caller& caller, MonotonicTime now) {
  auto& buckets = caller.known ? known_ : strangers_;
  auto id = caller.id;
  if (buckets.size() >= kMostCallers && !buckets.contains(id)) {
    forget_rested(now);
    if (buckets.size() >= kMostCallers) id = kAllOthers;
  }
  return buckets.try_emplace(id, Bucket{full(), now}).first->second;
}

std::optional<Millis> RequestRate::wait_for(const Caller& caller, MonotonicTime now) {
  if (per_second_ <= 0) return std::nullopt;
  auto& bucket = bucket_of(caller, now);
  bucket = {left_at(bucket, now), now};
  if (bucket.left < kOne) {
    return Millis((kOne - bucket.left + per_second_ - 1) / per_second_);
  }
  bucket.left -= kOne;
  return std::nullopt;
}

}  // namespace muster::server
