#include "server/request_rate.hpp"

#include <algorithm>
#include <functional>

namespace muster::server {

namespace {

constexpr std::int64_t kOne = 1'000;
constexpr std::size_t kMostCallers = 20'000;
constexpr std::size_t kAllOthers = 0;  // once there are so many

std::size_t caller_of(const net::Request& request) {
  for (const auto* field : {"Circle-Token", "Authorization"}) {
    if (const auto sent = request.headers.get(field)) return std::hash<std::string>()(*sent);
  }
  return std::hash<std::string>()(request.peer);
}

}  // namespace

std::int64_t RequestRate::left_at(const Bucket& bucket, MonotonicTime now) const {
  const auto rested = std::clamp(now - bucket.at, Millis(0), Millis(2'000));
  return std::min(bucket.left + rested.count() * per_second_, full());
}

void RequestRate::forget_rested(MonotonicTime now) {
  std::erase_if(callers_, [&](const auto& it) { return left_at(it.second, now) >= full(); });
}

std::optional<Millis> RequestRate::wait_for(const net::Request& request, MonotonicTime now) {
  if (per_second_ <= 0) return std::nullopt;
  auto caller = caller_of(request);
  if (callers_.size() >= kMostCallers && !callers_.contains(caller)) {
    forget_rested(now);
    if (callers_.size() >= kMostCallers) caller = kAllOthers;
  }
  auto& bucket = callers_.try_emplace(caller, Bucket{full(), now}).first->second;
  bucket = {left_at(bucket, now), now};
  if (bucket.left < kOne) {
    return Millis((kOne - bucket.left + per_second_ - 1) / per_second_);
  }
  bucket.left -= kOne;
  return std::nullopt;
}

}  // namespace muster::server
