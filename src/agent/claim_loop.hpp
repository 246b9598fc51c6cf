#pragma once

// Claims one task after another, or exactly one, and runs it. No claim is left open: when the loop
// ends, the server knows that none of its requests will ever run a task.

#include <algorithm>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/backoff.hpp"
#include "agent/control_plane.hpp"
#include "agent/settings.hpp"

namespace muster::agent {

class ClaimLoop {
 public:
  // False if it was the runner that could not run it.
  using RunTask = std::function<bool(const protocol::ClaimedTask&)>;

  // When to stop: `drain` ends the loop once the task that runs has ended, `end_now` cuts short
  // what would be tried again and again.
  struct Stops {
    std::stop_token drain;
    std::stop_token end_now;
  };

  // All must outlive it.
  ClaimLoop(const Settings& settings, const std::string& hostname, ControlPlane& server,
            RunTask run_task, Stops stops);

  // Why it ended. An error if the server refuses us for good: unauthenticated or forbidden; or if
  // it answered no claim until we had been idle for too long: unavailable.
  enum class Ended { task_done, idle, idle_after_task, recycled, drained, sent_away, stopped };
  Result<Ended> run();

 private:
  using Claim = Result<std::optional<protocol::ClaimedTask>>;

  Claim claim_once();
  void tell_trouble(const Error& error);
  void tell_that_it_is_over();
  void wait_for_better_times();
  Error never_reached() const;
  bool is_sent_away(const Error& error) const;
  Ended why() const;
  void say_that_we_wait();
  // The task that the open claim had after all. Tries for a bounded time.
  Claim withdraw();
  bool run_claimed(const protocol::ClaimedTask& task);
  // Withdraws it, and runs the task that it had.
  void close_claim();
  // Time in which the server is away is idle as well: nobody pays for a runner that nobody needs.
  Millis idle_left() const;
  Millis life_left() const;
  // Until it ends, if no task comes.
  Millis time_left() const { return std::min(idle_left(), life_left()); }
  bool finished() const {
    return stops_.drain.stop_requested() || life_left() <= Millis(0) ||
           (asked_ && idle_left() <= Millis(0));
  }

  const Settings& settings_;
  ControlPlane& server_;
  RunTask run_task_;
  Stops stops_;
  protocol::ClaimRequest request_;
  bool open_ = false;     // the server may have given a task to the request, and we do not know
  bool welcome_ = false;  // the server has answered a claim, so it knows our token
  bool waits_ = false;    // and the log says so
  bool asked_ = false;    // for a task, since the latest
  std::string trouble_;   // why the last claim got no answer
  std::string told_;      // the trouble that the log has been told of, until it is over
  MonotonicTime active_;
  MonotonicTime ends_at_ = MonotonicTime::max();  // as it is to be recycled
  std::int64_t tasks_run_ = 0;
  Backoff backoff_;
  Backoff unable_{std::chrono::seconds(1), std::chrono::minutes(1)};
};

}  // namespace muster::agent
