#include <cstdio>

#include <fmt/core.h>

#include "cli/command_info.hpp"
#include "cli/commands.hpp"
#include "cli/parse.hpp"

namespace muster::cli {

int run(const CompletionOptions& options) {
  fmt::print("{}", completion_script(command_info(), options.shell));
  return 0;
}

}  // namespace muster::cli
