#pragma once

// Whether, and why, the work on a task must end before it is done. The first reason stays.
// Thread-safe.

#include <mutex>
#include <optional>

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

  // Readable once the end was requested. That a time has come must be asked for: see reason().
  int fd() const { return event_.get(); }

 private:
  const MonotonicTime deadline_;
  UniqueFd event_;
  std::mutex mutex_;
  std::optional<MonotonicTime> lease_until_;
  std::optional<EndReason> reason_;
};

}  // namespace muster::agent
