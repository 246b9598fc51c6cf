#pragma once

// The process of one step, and its output on the way to the outbox.

#include <list>
#include <string_view>
#include <thread>
#include <variant>

#include "agent/launcher.hpp"
#include "agent/outbox.hpp"
#include "agent/work_end.hpp"

namespace muster::agent {

// Where the output of one step goes.
class StepOutput {
 public:
  // Without an outbox what is written is dropped.
  StepOutput(Outbox* outbox, std::size_t step, WorkEnd& end)
      : outbox_(outbox), step_(step), end_(&end) {}

  void write(std::string_view bytes) const {
    if (outbox_ != nullptr) outbox_->append(step_, bytes, *end_);
  }
  StepOutput dropped() const { return {nullptr, step_, *end_}; }

 private:
  Outbox* outbox_;
  std::size_t step_;
  WorkEnd* end_;
};

struct StepProcess {
  process::Child child;
  UniqueFd output;  // the reading end; both streams, so that their order holds

  static Result<StepProcess> start(const Launcher& launcher, JobCommand command);
};

// How a step's process came to its end. It still runs where it has not Exited.
struct Exited {
  process::Exit exit;
};
struct Silent {};       // no output for too long
struct Interrupted {};  // the work must end
using StepEnding = std::variant<Exited, Silent, Interrupted>;

// Waits for the end of the process, not of the pipe: what the step left running may hold that open.
StepEnding follow(StepProcess& process, const StepOutput& output, WorkEnd& end, Millis silence);

// Reads the pipes of processes that outlive their step, so that none of them blocks or is killed
// for writing. A thread each.
class Followers {
 public:
  void add(UniqueFd pipe, const StepOutput& output);
  // When the processes have ended: returns once the rest of their output is in the outbox.
  void finish();

 private:
  std::list<std::jthread> threads_;
};

}  // namespace muster::agent
