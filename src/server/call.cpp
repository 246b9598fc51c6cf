#include "server/call.hpp"

namespace muster::server {
namespace {

constexpr Millis kLongestWait = std::chrono::seconds(60);

}  // namespace

std::optional<std::string> Call::query(std::string_view name) const {
  return net::query_value(request.query, name);
}

Millis patience_left(const Call& call, std::int64_t wait_ms) {
  const auto wanted = std::clamp(Millis(wait_ms), Millis(0), kLongestWait);
  return call.last_chance ? Millis(0) : std::max(wanted - call.waited, Millis(0));
}

}  // namespace muster::server
