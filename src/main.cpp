// muster: what was asked for, then the command that does it.

#include <cstdio>
#include <exception>

#include <fmt/core.h>

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
  const auto asked = muster::cli::parse({argv + 1, argv + argc});
  const auto* answer = std::get_if<muster::cli::Answer>(&asked);
  return answer != nullptr ? show(*answer) : run(std::get<muster::cli::Options>(asked));
} catch (const std::exception& fault) {
  return muster::cli::report(
      {muster::ErrorKind::internal, fmt::format("a fault of muster's own: {}", fault.what())});
}
