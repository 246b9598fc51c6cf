#pragma once

// The directories of one task.
//
//   STATE/tasks/ID/         private (0700): the source pack, output on its way
//   STATE/work/ID/          of the job's user alone. Made before its first command, with that
//   user's rights:
//     project/              the working directory, unless the runner's settings name one
//     home/                 $HOME, where the job's user has none, and in isolation
//     tmp/                  /tmp, of a job in isolation
//     bash_env              what $BASH_ENV points to
//
// Behind a prefix we do not know that user. There STATE/work/ID is as /tmp (01777), and what is
// named above lies in STATE/work/ID/own, which the job makes for itself, or fails.
//
// Both are removed with the Workspace, and so is a working directory that the settings name by the
// task's id (%s); one that tasks share is emptied if the settings say so. STATE/tasks/ID is locked
// (flock) while its agent lives, so that what a killed agent left can be told from what is in use;
// it is made first and removed last.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/directories.hpp"
#include "agent/launcher.hpp"
#include "agent/settings.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace muster::agent {

struct Places {
  std::filesystem::path private_directory;
  std::filesystem::path shared_directory;   // of the job's user: all below but perhaps two
  std::filesystem::path working_directory;  // what "~/project" means
  std::filesystem::path home;
  std::filesystem::path temporary;  // made only for isolation
  std::filesystem::path bash_env;
  // Behind a prefix: what the job makes first, and must not find there. Else empty.
  std::filesystem::path made_by_job;
};

class Workspace {
 public:
  // Commands run as `user` if there is one (we are root then).
  static Result<Workspace> make(const std::filesystem::path& state, const Settings& settings,
                                const std::optional<process::User>& user,
                                const std::string& task_id);
  ~Workspace();
  Workspace(Workspace&& other) noexcept;
  Workspace& operator=(Workspace&&) = delete;

  const Places& places() const { return places_; }

  // The directories that will be removed or emptied and may hold files of the job.
  std::vector<std::string> cleared_at_end() const;

 private:
  explicit Workspace(Clearing clearing) : clearing_(std::move(clearing)) {}
  friend void remove_leftovers(const std::filesystem::path& state, const Settings& settings,
                               const std::optional<process::User>& user);

  // What is there of a task, whoever made it. The lock is its owner's.
  static Workspace of(const std::filesystem::path& state, const Settings& settings,
                      const std::optional<process::User>& user, const std::string& task_id,
                      UniqueFd lock);
  Result<void> make_directories(const std::optional<process::User>& user);
  void clear_shared() const;

  Clearing clearing_;
  UniqueFd lock_;
  std::filesystem::path private_;
  std::filesystem::path shared_;
  std::filesystem::path fresh_;  // what the settings name for this task alone; may be empty
  Places places_;
  bool empties_working_directory_ = false;
};

// Removes the directories of tasks whose agent was killed. Those of a living one stay, and so
// does what is in a working directory that tasks share.
void remove_leftovers(const std::filesystem::path& state, const Settings& settings,
                      const std::optional<process::User>& user);

// Whether a living agent works on the task.
bool is_in_use(const std::filesystem::path& state, const std::string& task_id);

// Where the directories of tasks are if nothing else is said: /var/lib/muster-agent for root; else
// $XDG_STATE_HOME/muster-agent, ~/.local/state/muster-agent.
std::filesystem::path default_state_directory();

// $HOME of this process, or what the user database says. Absolute, or empty.
std::string own_home();

// The rule for `working_directory` of jobs and steps: "~/project", which is also the default, is
// the runner's own working directory, as it is on CircleCI's runners, where agents share a HOME;
// "~" and "~/x" are in the HOME; anything else is taken from `base`, unless it is absolute.
std::filesystem::path resolve(const std::string& written, const std::filesystem::path& base,
                              const Places& places);

}  // namespace muster::agent
