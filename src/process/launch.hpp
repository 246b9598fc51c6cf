#pragma once

// What a child needs between fork and exec, made ready before the fork: a program with threads may
// call only async-signal-safe functions there, so nothing may be allocated or looked up.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"

namespace muster::process {

struct Command;

enum class Stage { descriptors, timer, session, user, directory, program };

// Sent as raw bytes over a pipe from child to parent: one program, so one layout.
struct LaunchFailure {
  Stage stage = Stage::program;
  int error_number = 0;
};

class Launch {
 public:
  // `command` must outlive the launch.
  static Result<Launch> prepare(const Command& command);

  bool changes_user() const;

  // In the child, which may be one of vfork(2), with all signals blocked. Reports a failure to
  // `report_fd`, which is closed on exec, and ends the process.
  [[noreturn]] void run_in_child(int report_fd) const;

 private:
  explicit Launch(const Command& command) : command_(&command) {}

  void reset_signals() const;
  void unblock_signals() const;
  bool place_descriptors(int& report_fd) const;
  bool limit_time() const;
  bool drop_privileges() const;
  void tie_to_starter() const;
  int try_programs() const;  // only returns with an errno

  const Command* command_;
  pid_t starter_ = -1;
  std::vector<std::string> programs_;  // paths to try, in order
  std::vector<char*> arguments_;
  std::vector<std::string> environment_texts_;
  std::vector<char*> environment_;
  std::vector<gid_t> groups_;
  UniqueFd null_device_;
};

}  // namespace muster::process
