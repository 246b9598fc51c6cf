#include <cstdio>

#include <fmt/core.h>

#include "base/version.hpp"
#include "cli/command_info.hpp"
#include "cli/commands.hpp"
#include "cli/parse.hpp"

namespace muster::cli {

int run(const ManOptions& /*options*/) {
  fmt::print("{}", man_page(command_info(), version()));
  return 0;
}

}  // namespace muster::cli
