#pragma once

// Runs a program to its end and keeps what it printed, within bounds of time and size.
//
// Blocking; any thread. What it left running in the background is left alone, unless it had to be
// ended: then everything in its process group ends with it.

#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "process/child.hpp"

namespace muster::process {

struct ProgramLimits {
  Millis timeout = std::chrono::seconds(30);
  std::size_t output = 1 << 20;  // bytes of standard output
  Millis grace{0};               // after a stop, before it is ended: it may be all but done
};

// Once `stop` is requested nothing is started (ErrorKind::cancelled); what runs is ended after its
// grace.
//
// The program's standard output, if it ended with exit code 0. Else the error names the program
// and what it said last on standard error. `command` leaves the three descriptors at -1.
Result<std::string> output_of(Command command, const ProgramLimits& limits,
                              std::stop_token stop = {});

// Our own environment, without `except`.
std::map<std::string, std::string> inherited_environment(
    std::initializer_list<std::string_view> except = {});

}  // namespace muster::process
