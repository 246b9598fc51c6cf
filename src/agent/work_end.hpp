#pragma once

// Whether, and why, the work on a task must end before it is done. The first reason stays.
// Thread-safe.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/file.hpp"
#include "base/time.hpp"

namespace muster::agent {

enum class EndReason {
  canceled,      // by a person, through the server
  over_time,     // longer than max_run_time
  told_to_stop,  // the agent was, a second time
  stale,         // the server has ended this attempt
  lease_lost,    // no heartbeat was answered in time; somebody else may get the task
  broken,        // this machine cannot go on
};

class WorkEnd {
 public:
  // The work ends as over_time at `deadline`.
  explicit WorkEnd(MonotonicTime deadline);

  void request(EndReason reason);

  // The work ends as lease_lost at `time`, unless a later call moves that on.
  void hold_lease_until(MonotonicTime time);

  std::optional<EndReason> reason();
  bool requested() { return reason().has_value(); }

  // How long until a time may come that ends the work. Never negative.
  Millis time_left();

  // Until the work must end, or `stop` is requested: false then.
  bool wait(const std::stop_token& stop);

  // Readable once the end was requested. That a time has come must be asked for: see reason().
  int fd() const { return event_.get(); }

 private:
  std::optional<EndReason> reason_at(MonotonicTime now);
  MonotonicTime next() const;

  const MonotonicTime deadline_;
  UniqueFd event_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<MonotonicTime> lease_until_;
  std::optional<EndReason> reason_;
};

// A stop that is requested once the work must end, for calls that wait in other ways.
class StopAtWorkEnd {
 public:
  explicit StopAtWorkEnd(WorkEnd& end);
  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread watch_;
};

}  // namespace muster::agent
