#pragma once

// The sandbox of one task, from outside: bubblewrap, and in it the keeper (sandbox_keeper.hpp) that
// starts the task's commands.
//
//   agent ── bwrap ── bwrap, process 1 in there ── keeper ── commands
//
// All of them are descendants of the agent, so that it finds and ends them as it does any others;
// and each dies with the one before it, also if nobody is left who could end it.

#include <filesystem>
#include <memory>
#include <optional>

#include "agent/bubblewrap.hpp"
#include "agent/confinement.hpp"
#include "base/file.hpp"

namespace muster::agent {

class Sandbox final : public Confinement {
 public:
  // `scratch` is a private directory. Runs as `user` if there is one (we are root then). An error
  // says what bwrap said.
  static Result<std::unique_ptr<Sandbox>> start(const SandboxPlan& plan,
                                                const std::optional<process::User>& user,
                                                const std::filesystem::path& scratch);
  ~Sandbox() override;

  Result<process::Child> start(const JobCommand& command) override;
  Result<int> end_all(Millis patience, const std::vector<pid_t>& spare) override;
  Result<void> close(Millis patience) override;

 private:
  Sandbox(process::Child bwrap, UniqueFd channel)
      : bwrap_(std::move(bwrap)), channel_(std::move(channel)) {}

  process::Child bwrap_;
  UniqueFd channel_;
  pid_t keeper_ = 0;
  bool closed_ = false;
};

}  // namespace muster::agent
