#pragma once

// Follows a pipeline to its end and tells how it went. What `muster run` and `muster pipeline
// follow` have in common.

#include <string>

#include "cli/interrupt.hpp"
#include "client/api.hpp"

namespace muster::cli {

struct FollowSettings {
  bool json = false;   // nothing but the pipeline, as it was in the end, on standard output
  bool fleet = false;  // show the fleet, too, and wait until it is back at its minimum
  bool cancel_on_interrupt = false;  // else the pipeline goes on without us
  // Our own submission: the server has just answered, so that it is waited for if it is away now.
  bool submitted = false;
};

// `pipeline` is a number or an id, as a person would name it. The exit code of the program.
int follow(const client::Access& access, const std::string& pipeline,
           const FollowSettings& settings, const Interrupt& interrupt);

}  // namespace muster::cli
