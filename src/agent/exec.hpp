#pragma once

// `muster agent-exec`: the inner half of Launcher, behind a command prefix. It reads a record of
// what to run from standard input and becomes it. Or it ends processes, which only their own user
// may do.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "process/child.hpp"

namespace muster::agent {

inline constexpr std::string_view kExecWord = "agent-exec";

// In a record, as the first of the arguments: no program, but to end what descends from the process
// that the next one names (see name_of), an ancestor. The pids that follow are spared, and whatever
// descends from these.
inline constexpr std::string_view kEndWord = "muster:end";

struct LaunchRecord {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::string directory;
  bool keeps_input = false;  // what follows the record is the command's standard input

  friend bool operator==(const LaunchRecord&, const LaunchRecord&) = default;
};

// "LENGTH\n", then that many bytes: texts that each end with NUL. No text may hold a NUL.
std::string to_bytes(const LaunchRecord& record);

// Reads a record and nothing behind it.
Result<LaunchRecord> read_record(int fd);

// "PID:START_TICKS".
std::string name_of(const process::Identity& process);

// Becomes what the record in `fd` says. Only returns, with the exit code of a shell that could not
// run it, if the command cannot start.
int run_launch_record(int fd);

// Likewise, from standard input.
int run_agent_exec();

}  // namespace muster::agent
