#pragma once

// The arguments of bubblewrap (bwrap) for the sandbox of a task, and what to do when it refuses.
// Pure but for look_at_system().
//
// A job sees: the system's directories, read-only; /proc of its own processes; a /dev with what no
// program can do without; a /tmp, a home and a working directory of its own; this program. All at
// the paths that they have outside. Nothing else of the machine is there.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace muster::agent {

// A directory of the system, such as /usr; or a link, as /bin is one on many.
struct SystemEntry {
  std::filesystem::path path;
  std::filesystem::path link;  // what it points to; empty: a directory
};

struct System {
  std::vector<SystemEntry> entries;
  std::optional<std::filesystem::path> resolver;  // what /etc/resolv.conf means, if it is elsewhere
};

// What this machine has of them.
System look_at_system();

// What is there, and no job shall see.
struct Hidden {
  std::filesystem::path path;  // without links
  bool directory = false;
};

struct SandboxPlan {
  System system;
  std::vector<Hidden> hidden;
  std::filesystem::path temporary;              // becomes /tmp
  std::vector<std::filesystem::path> writable;  // seen where they are
  std::filesystem::path executable;             // of this program
  bool network = true;                          // the machine's
};

// Without the program that is to be run in it.
std::vector<std::string> bubblewrap_arguments(const SandboxPlan& plan);

// `why`: what bwrap said, or why it could not be started. With the cure, as far as one is known.
Error bubblewrap_refusal(const Error& why);

}  // namespace muster::agent
