#include "agent/claim_loop.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "agent/patience.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/version.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

constexpr Millis kLongestPoll = 25s;
// As long as a lease usually is: by then the server has given up on us as well.
constexpr Millis kWithdrawPatience = 5min;

bool is_refusal(const Error& error) {
  return error.kind == ErrorKind::unauthenticated || error.kind == ErrorKind::forbidden;
}

Error refusal(const Error& error, const std::string& url) {
  return {error.kind,
          fmt::format("the server at {} refuses this runner's token: {}", url, error.message)};
}

}  // namespace

ClaimLoop::ClaimLoop(const Settings& settings, const std::string& hostname, ControlPlane& server,
                     RunTask run_task, Stops stops)
    : settings_(settings),
      server_(server),
      run_task_(std::move(run_task)),
      stops_(std::move(stops)),
      active_(system_clock().monotonic()) {
  request_.name = settings.name;
  request_.hostname = hostname;
  request_.version = version();
  request_.resource_class = settings.resource_class;
}

Millis ClaimLoop::idle_left() const {
  if (!settings_.idle_timeout) return kLongestPoll;
  return *settings_.idle_timeout - (system_clock().monotonic() - active_);
}

// The same id until it is answered: a retry gets the task that a lost answer was about.
ClaimLoop::Claim ClaimLoop::claim_once() {
  if (!open_) request_.request_id = new_uuid();
  open_ = true;
  request_.wait_ms = std::clamp(idle_left(), 0ms, kLongestPoll).count();
  auto claimed = server_.claim(request_, stops_.drain);
  if (claimed || is_refusal(claimed.error())) open_ = false;
  return claimed;
}

ClaimLoop::Claim ClaimLoop::withdraw() {
  const Patience time(kWithdrawPatience, stops_.end_now);
  for (;;) {
    auto answer = server_.withdraw({request_.request_id}, time.over());
    if (answer || is_refusal(answer.error()) || time.over().stop_requested()) return answer;
    backoff_.pause(time.over());
  }
}

Result<void> ClaimLoop::run() {
  while (!finished()) {
    auto claimed = claim_once();
    if (claimed) {
      backoff_.reset();
      if (!*claimed) continue;
      run_task_(**claimed);
      active_ = system_clock().monotonic();
      if (settings_.single_task) return ok();
    } else if (is_refusal(claimed.error())) {
      return refusal(claimed.error(), settings_.url);
    } else if (!stops_.drain.stop_requested()) {
      log::warn("cannot claim; trying again", {{"reason", claimed.error().message}});
      backoff_.pause(stops_.drain);
    }
  }
  if (!open_) return ok();
  const auto left = withdraw();
  if (!left) {
    log::warn("the server did not hear that this runner stops", {{"reason", left.error().message}});
  } else if (*left) {
    run_task_(**left);
  }
  return ok();
}

}  // namespace muster::agent
