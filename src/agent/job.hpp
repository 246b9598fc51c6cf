#pragma once

// Runs the steps of one task. One thread.

#include <optional>
#include <string>
#include <vector>

#include "agent/checkout.hpp"
#include "agent/control_plane.hpp"
#include "agent/job_environment.hpp"
#include "agent/step_process.hpp"
#include "agent/workspace.hpp"

namespace muster::agent {

class Job {
 public:
  // All must outlive the job.
  struct Parts {
    const protocol::ClaimedTask& task;
    const Attempt& attempt;
    const Places& places;
    const Launcher& launcher;
    ControlPlane& server;
    Outbox& outbox;
    WorkEnd& end;
    Millis max_run_time;  // after which `end` is requested as over_time
  };
  explicit Job(const Parts& parts);

  // Nothing that the job started lives when this returns. What the server should hear of it.
  protocol::FinishRequest run();
  // After that: whether it could not be run for a reason of the runner's, which the next job may
  // meet as well.
  bool blames_runner() const;

 private:
  struct BackgroundStep {
    std::size_t index;
    protocol::StepUpdate update;
    process::Child child;
  };

  JobPlace place_of_job() const;
  void run_steps();
  bool wanted(const pipeline::Step& step) const;
  void run_step(std::size_t index, const pipeline::RunStep& step);
  void run_step(std::size_t index, const pipeline::CheckoutStep& step);
  JobCommand command_of(const pipeline::RunStep& step) const;
  void start_in_background(std::size_t index, const pipeline::RunStep& step);
  void run_to_end(std::size_t index, protocol::StepUpdate update, const JobCommand& command,
                  Millis silence);

  protocol::StepUpdate begin(std::size_t index, const std::string& name, protocol::StepState state);
  void conclude(std::size_t index, protocol::StepUpdate update, protocol::StepState state);
  void fail(std::size_t index, protocol::StepUpdate update, const Error& error);
  void judge(std::size_t index, protocol::StepUpdate update, const StepEnding& ending,
             Millis silence);
  std::string over_time_in_words() const;
  void end_step(const process::Child& child);
  void end_everything();
  StepOutput output_of(std::size_t index) { return {&parts_.outbox, index, parts_.end}; }
  protocol::FinishRequest verdict() const;
  bool chose_its_directory() const;

  Parts parts_;
  std::filesystem::path directory_;
  Variables environment_;
  bool has_bash_ = true;  // where its steps run; known once its directories are prepared
  bool failed_ = false;
  std::string timed_out_;  // not empty: in words, which step was ended for its silence or its time
  std::string why_not_begun_;  // not empty: what the job asks for cannot be had
  std::optional<Error> broken_;
  std::vector<BackgroundStep> background_;
  Followers followers_;
};

}  // namespace muster::agent
