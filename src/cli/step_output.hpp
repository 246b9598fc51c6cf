#pragma once

// Prints what steps of a pipeline have written: bytes as they are into a pipe or file, made
// harmless and under headings on a terminal.

#include "cli/options.hpp"
#include "client/api.hpp"

namespace muster::cli {

// The exit code of the program.
int print_output(client::Api& api, const PipelineOptions& options);

}  // namespace muster::cli
