#include "agent/claim_loop.hpp"

#include <random>
#include <utility>

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

// Told by Contact, once, and not for every try.
bool is_about_contact(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout ||
         error.kind == ErrorKind::exhausted;
}

// Those that were launched together end one after the other.
Millis somewhat_less(Millis duration) {
  std::uniform_int_distribution<std::int64_t> tenth(0, duration.count() / 10);
  std::random_device random;
  return duration - Millis(tenth(random));
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
  if (const auto after = settings.recycling.after) ends_at_ = active_ + somewhat_less(*after);
  request_.name = settings.name;
  request_.hostname = hostname;
  request_.version = version();
  request_.resource_class = settings.resource_class;
}

Millis ClaimLoop::idle_left() const {
  const bool has_own = tasks_run_ > 0 && settings_.idle_after_task;
  const auto& most = has_own ? settings_.idle_after_task : settings_.idle_timeout;
  if (!most) return Millis::max();
  return *most - (system_clock().monotonic() - active_);
}

Millis ClaimLoop::life_left() const {
  const auto most = settings_.recycling.after_tasks;
  if (most && tasks_run_ >= *most) return Millis(0);
  if (ends_at_ == MonotonicTime::max()) return Millis::max();
  return ends_at_ - system_clock().monotonic();
}

// The same id until it is answered: a retry gets the task that a lost answer was about.
ClaimLoop::Claim ClaimLoop::claim_once() {
  if (!open_) request_.request_id = new_uuid();
  // The first is answered at once: before we say that we wait we know that we may.
  request_.wait_ms = welcome_ ? std::clamp(time_left(), 0ms, kLongestPoll).count() : 0;
  auto claimed = server_.claim(request_, stops_.drain);
  asked_ = true;
  if (claimed || is_refusal(claimed.error()) || is_sent_away(claimed.error())) {
    open_ = false;
  } else if (server_.claim_may_have_arrived()) {
    open_ = true;  // and it stays so, also if no later try leaves this machine
  }
  if (claimed) {
    welcome_ = true;
  } else {
    trouble_ = claimed.error().message;
  }
  return claimed;
}

// By an answer of the server, and not because we drain already.
bool ClaimLoop::is_sent_away(const Error& error) const {
  return error.kind == ErrorKind::cancelled && !stops_.drain.stop_requested();
}

ClaimLoop::Claim ClaimLoop::withdraw() {
  const Patience time(kWithdrawPatience, stops_.end_now);
  for (bool told = false;; told = true) {
    auto answer = server_.withdraw({request_.request_id}, time.over());
    if (answer || is_refusal(answer.error()) || time.over().stop_requested()) return answer;
    if (!told) {
      log::info(fmt::format("the server may have a task for this runner; asking it for up to {}",
                            humanize(kWithdrawPatience)));
    }
    backoff_.pause(time.over());
  }
}

void ClaimLoop::say_that_we_wait() {
  if (std::exchange(waits_, true)) return;
  log::info("waiting for tasks", {{"server", settings_.url},
                                  {"name", settings_.name},
                                  {"mode", settings_.single_task ? "single-task" : "continuous"}});
}

// By these ids its lines join up with those of the server and of a scaler.
bool ClaimLoop::run_claimed(const protocol::ClaimedTask& task) {
  log::info("task claimed", {{"task", task.task_id},
                             {"attempt", std::to_string(task.attempt)},
                             {"job", task.job.name},
                             {"runner", settings_.name},
                             {"request", request_.request_id}});
  return run_task_(task);
}

// Once, however many tries it lasts; what Contact tells is only for those who debug.
void ClaimLoop::tell_trouble(const Error& error) {
  const bool is_news = !is_about_contact(error) && told_ != error.message;
  if (is_news) told_ = error.message;
  log::write(is_news ? log::Level::warn : log::Level::debug, "cannot claim; trying again",
             {{"reason", error.message}});
}

void ClaimLoop::tell_that_it_is_over() {
  if (!std::exchange(told_, "").empty()) log::info("claims are answered again");
}

void ClaimLoop::close_claim() {
  const auto left = withdraw();
  if (!left) {
    log::warn("the server did not hear that this runner stops", {{"reason", left.error().message}});
    return;
  }
  welcome_ = true;
  if (*left) run_claimed(**left);
}

ClaimLoop::Ended ClaimLoop::why() const {
  if (stops_.end_now.stop_requested()) return Ended::stopped;
  if (stops_.drain.stop_requested()) return Ended::drained;
  if (life_left() <= 0ms) return Ended::recycled;
  return tasks_run_ > 0 && settings_.idle_after_task ? Ended::idle_after_task : Ended::idle;
}

Error ClaimLoop::never_reached() const {
  return {ErrorKind::unavailable,
          fmt::format("the server at {} answered no claim until the {}: {}", settings_.url,
                      life_left() <= 0ms ? "end of its life" : "idle_timeout", trouble_)};
}

// A runner that can run nothing is always free, and would have every task of the queue.
void ClaimLoop::wait_for_better_times() {
  log::warn("this runner could not run its task, and waits before it asks for another");
  unable_.pause(stops_.drain, std::max(time_left(), 0ms));
}

Result<ClaimLoop::Ended> ClaimLoop::run() {
  while (!finished()) {
    auto claimed = claim_once();
    if (claimed) {
      backoff_.reset();
      tell_that_it_is_over();
      if (!*claimed) {
        say_that_we_wait();
        continue;
      }
      const bool able = run_claimed(**claimed);
      ++tasks_run_;
      asked_ = false;
      active_ = system_clock().monotonic();
      if (settings_.single_task) {
        return stops_.end_now.stop_requested() ? Ended::stopped : Ended::task_done;
      }
      able ? unable_.reset() : wait_for_better_times();
    } else if (is_refusal(claimed.error())) {
      return refusal(claimed.error(), settings_.url);
    } else if (is_sent_away(claimed.error())) {
      return Ended::sent_away;
    } else if (!stops_.drain.stop_requested()) {
      tell_trouble(claimed.error());
      backoff_.pause(stops_.drain, std::max(time_left(), 0ms));
    }
  }
  if (open_) close_claim();
  const auto ended = why();
  const bool by_itself = ended == Ended::idle || ended == Ended::recycled;
  if (by_itself && !welcome_) return never_reached();
  return ended;
}

}  // namespace muster::agent
