#pragma once

// Waits for the end of any of a set of processes. One thread adds and forgets, another waits.

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/file.hpp"
#include "base/time.hpp"
#include "process/child.hpp"

namespace muster::capacity {

// Names the process for as long as it is open; null if that very process has ended.
std::shared_ptr<UniqueFd> open_process(const process::Identity& identity);

class ProcessWatch {
 public:
  ProcessWatch();

  void add(const std::string& id, std::shared_ptr<UniqueFd> pidfd);
  void forget(const std::string& id);

  // Returns when a process has ended that was not forgotten yet, when the set has changed, when
  // `patience` is over, or on a stop.
  void wait(Millis patience, std::stop_token stop);

 private:
  void wake() const;

  UniqueFd wake_;  // an eventfd
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<UniqueFd>> watched_;  // guarded by mutex_
};

}  // namespace muster::capacity
