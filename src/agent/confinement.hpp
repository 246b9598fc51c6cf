#pragma once

// Where the commands of one task run, if not simply on the machine. One thread.

#include <sys/types.h>

#include <csignal>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "process/child.hpp"

namespace muster::agent {

struct JobCommand;

class Confinement {
 public:
  Confinement() = default;
  Confinement(const Confinement&) = delete;
  Confinement& operator=(const Confinement&) = delete;
  virtual ~Confinement() = default;  // nothing in it lives on

  virtual Result<process::Child> start(const JobCommand& command) = 0;

  // Asks the command's process group to end.
  virtual void ask_to_end(const process::Child& command) { command.signal_group(SIGTERM); }

  // Ends all that was started in it, but `spare` and what descends from that. How many processes.
  virtual Result<int> end_all(Millis patience, const std::vector<pid_t>& spare) = 0;

  // Ends it with all that is in it. Nothing can be started then.
  virtual Result<void> close(Millis patience) = 0;

  // It has a PATH, and ours means nothing there.
  virtual bool has_own_path() const { return false; }
};

}  // namespace muster::agent
