#include "agent/contact.hpp"

#include <fmt/core.h>

#include "base/log.hpp"

namespace muster::agent {
namespace {

std::string time_since(std::optional<MonotonicTime>& since) {
  const auto passed = system_clock().monotonic() - *since;
  since.reset();
  return humanize(passed);
}

}  // namespace

void Contact::note(Call call, const Result<net::ClientResponse>& response) {
  const auto success = net::expect_success(response);
  const std::lock_guard lock(mutex_);
  if (!success && (success.error().kind == ErrorKind::unavailable ||
                   success.error().kind == ErrorKind::timeout)) {
    return note_reached(success.error().message);
  }
  if (!response) return;  // stopped by ourselves, or this machine's own trouble
  note_reached("");
  const bool full = !success && success.error().kind == ErrorKind::exhausted;
  if (full || (success && call == Call::writes)) note_room(full);
}

void Contact::note_reached(const std::string& trouble) {
  if (trouble.empty() == !away_since_) return;
  if (trouble.empty()) {
    log::info(fmt::format("the server is back after {}", time_since(away_since_)));
  } else {
    away_since_ = system_clock().monotonic();
    log::warn("the server cannot be reached; trying again",
              {{"server", url_}, {"reason", trouble}});
  }
}

void Contact::note_room(bool full) {
  if (full == full_since_.has_value()) return;
  if (!full) {
    log::info(fmt::format("the server's disk has room again after {}", time_since(full_since_)));
  } else {
    full_since_ = system_clock().monotonic();
    log::warn("the server's disk is full; what it does not take waits here", {{"server", url_}});
  }
}

}  // namespace muster::agent
