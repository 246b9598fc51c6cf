// muster: what was asked for, then the command that does it.

#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/core.h>

#include "agent/exec.hpp"
#include "cli/commands.hpp"
#include "cli/parse.hpp"

namespace {

int show(const muster::cli::Answer& answer) {
  fmt::print(stdout, "{}", answer.output);
  fmt::print(stderr, "{}", answer.error);
  return answer.code;
}

int run(const muster::cli::Options& options) {
  return std::visit([](const auto& chosen) { return muster::cli::run(chosen); }, options);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 2 && argv[1] == muster::agent::kExecWord) return muster::agent::run_agent_exec();
  std::signal(SIGPIPE, SIG_IGN);  // a peer that goes away is an error of the write, not our end

  if (argc == 1 && muster::cli::is_function()) return muster::cli::run_function();
  const auto asked = muster::cli::parse({argv + 1, argv + argc});
  const auto* answer = std::get_if<muster::cli::Answer>(&asked);
  return answer != nullptr ? show(*answer) : run(std::get<muster::cli::Options>(asked));
} catch (const std::exception& fault) {
  return muster::cli::report(
      {muster::ErrorKind::internal, fmt::format("a fault of muster's own: {}", fault.what())});
}
