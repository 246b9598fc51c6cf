#pragma once

// The arguments of podman for the container of a task, the script by which a command starts in it,
// and what to do when it refuses. Pure.
//
// The container's own process only waits, so that the task's commands come and go (`podman exec`)
// and share one /tmp, one network and one set of processes. A command is a file in a directory that
// the container sees read-only: no value of its environment is ever in an argument list.

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/result.hpp"
#include "process/child.hpp"

namespace muster::agent {

struct JobCommand;

struct ContainerPlan {
  std::string name;   // see container_name()
  std::string state;  // of the agents that share it: a label, by which leftovers are found
  std::string image;
  process::User user;                           // who commands run as; mapped to itself
  bool as_root = true;                          // podman runs as root, and needs no mapping
  bool network = true;                          // the machine's
  std::filesystem::path commands;               // holds the scripts
  std::filesystem::path temporary;              // becomes /tmp
  std::vector<std::filesystem::path> writable;  // seen where they are
};

// Where a container sees ContainerPlan::commands, and in it the file that is locked (flock) for as
// long as the container shall live.
inline constexpr const char* kCommandsInContainer = "/run/muster";
inline constexpr const char* kAliveFile = "alive";

// One of its own for each attempt, by which its task is known.
std::string container_name(const std::string& task_id);
std::string task_of_container(const std::string& name);

// An error if a path cannot be written in podman's lists.
Result<std::vector<std::string>> run_arguments(const ContainerPlan& plan);

// Runs the script `number` with our standard input and output: its own, and not copies that podman
// makes. `podman`'s own words go to the output as well.
std::vector<std::string> exec_arguments(const std::string& name, int number);

// Ends all processes of the container but those of commands in `spare` and its own; waits for it.
std::vector<std::string> end_arguments(const std::string& name, const std::vector<int>& spare);

// Asks the process group of command `number` to end.
std::vector<std::string> ask_arguments(const std::string& name, int number);

std::vector<std::string> remove_arguments(const std::string& name);
std::vector<std::string> list_arguments(const std::string& state);

// Where a command writes the id of its session, as seen in the container.
std::string session_file(int number);

// What /bin/sh runs in the container. Without PATH the image's is used.
std::string container_script(const JobCommand& command, int number);

// `what` was tried; `why`: what podman said, or why it could not be started.
Error podman_refusal(const std::string& what, const Error& why);

}  // namespace muster::agent
