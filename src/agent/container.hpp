#pragma once

// The container of one task, from outside: podman run as ourselves, and in it the task's commands
// as the job's user.

#include <filesystem>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "agent/confinement.hpp"
#include "agent/podman.hpp"
#include "base/file.hpp"

namespace muster::agent {

class Container final : public Confinement {
 public:
  // Fetches the image if it is not there; that ends once `stop` is requested.
  static Result<std::unique_ptr<Container>> start(ContainerPlan plan, std::stop_token stop);
  ~Container() override;

  Result<process::Child> start(const JobCommand& command) override;
  void ask_to_end(const process::Child& command) override;
  Result<int> end_all(Millis patience, const std::vector<pid_t>& spare) override;
  Result<void> close(Millis patience) override;
  bool has_own_path() const override { return true; }

 private:
  explicit Container(ContainerPlan plan) : plan_(std::move(plan)) {}
  Result<void> lock();
  Result<void> write_script(const JobCommand& command, int number) const;

  ContainerPlan plan_;
  std::map<pid_t, int> numbers_;  // of the commands, by who started them (podman exec)
  UniqueFd alive_;                // locked
  int started_ = 0;
  bool closed_ = false;
};

// Of our environment, where podman finds its storage, its settings and its credentials. Who is to
// start an agent passes it on, so that its podman is the one that was tried.
std::map<std::string, std::string> podman_variables();

// Whether the image is on this machine, so that a trial fetches nothing.
Result<bool> has_image(const std::string& image);

// The names of the containers of `state`, also of those whose agent was killed.
Result<std::vector<std::string>> containers_of(const std::string& state);
Result<void> remove_container(const std::string& name, Millis patience);

}  // namespace muster::agent
