#pragma once

// `muster agent-sandbox`: the first program in a task's sandbox. It starts the task's commands
// there for the agent outside, so that all share one /tmp, one network and one set of processes.
//
// Its standard input is a socket (SOCK_SEQPACKET) from the agent. It says first that it is there.
// Then each message brings the descriptors of Request, by which one command is started; the
// command's first process says in `reports` that it is there, and waits for a byte before it
// becomes the command. Whoever asked knows its id by then, by the credentials of that message. When
// it has ended its status follows in `reports`. When the socket ends, all in the sandbox does.

#include <cstddef>
#include <string_view>

namespace muster::agent {

inline constexpr std::string_view kSandboxWord = "agent-sandbox";

enum Request : std::size_t {
  record,   // a LaunchRecord (see exec.hpp)
  input,    // standard input
  output,   // both streams
  reports,  // a socket (SOCK_SEQPACKET)
};
inline constexpr std::size_t kRequestDescriptors = 4;

int run_sandbox_keeper();

}  // namespace muster::agent
