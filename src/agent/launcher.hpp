#pragma once

// Starts the commands of a job: as the job's user, or behind the runner's command prefix.
//
// A prefix such as `sudo -nHu ci --` drops the environment, and others the directory. So what is
// put behind it is this program itself, as `muster agent-exec`, which reads what to run from its
// standard input (see exec.hpp): no value of the environment is ever in an argument list.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/confinement.hpp"
#include "process/child.hpp"

namespace muster::agent {

struct JobCommand {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::string directory;
  std::optional<std::filesystem::path> input;  // a file that becomes standard input
  int output = -1;                             // for both streams
};

class Launcher {
 public:
  // `scratch` is a private directory. Without `user` commands run as ourselves. With `confinement`,
  // which must outlive it, there and not behind a prefix.
  Launcher(std::vector<std::string> prefix, std::optional<process::User> user,
           std::filesystem::path scratch, Confinement* confinement = nullptr);

  Result<process::Child> start(const JobCommand& command) const;

  // Runs to its end, as long as the job's user has it, and collects what it says.
  struct Outcome {
    process::Exit exit;
    std::string output;
  };
  Result<Outcome> run(JobCommand command, Millis patience) const;

  // Asks what was started, and its process group, to end.
  void ask_to_end(const process::Child& command) const;
  // Ends all that was started but `spare`, and what descends from that.
  Result<int> end_all(Millis patience, const std::vector<pid_t>& spare) const;
  // Ends all, and where it ran. Nothing can be started then.
  Result<void> close(Millis patience) const;

  const std::optional<process::User>& user() const { return user_; }
  bool has_prefix() const { return !prefix_.empty(); }
  // Where what we see of files is what commands see.
  bool runs_on_the_machine() const { return confinement_ == nullptr && !has_prefix(); }
  bool has_own_path() const { return confinement_ != nullptr && confinement_->has_own_path(); }

 private:
  Result<process::Child> start_behind_prefix(const JobCommand& command) const;
  Result<int> end_behind_prefix(Millis patience, const std::vector<pid_t>& spare) const;
  Result<int> end_descendants(Millis patience, const std::vector<pid_t>& spare) const;

  std::vector<std::string> prefix_;
  std::optional<process::User> user_;
  std::filesystem::path scratch_;
  Confinement* confinement_;
};

}  // namespace muster::agent
