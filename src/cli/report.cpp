#include <cstdio>

#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/commands.hpp"

namespace muster::cli {
namespace {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::too_large:
    case ErrorKind::out_of_range:
      return 2;
    case ErrorKind::unavailable:
    case ErrorKind::timeout:
      return 3;
    case ErrorKind::unauthenticated:
    case ErrorKind::forbidden:
      return 4;
    case ErrorKind::exhausted:
      return 5;
    case ErrorKind::cancelled:
      return 130;
    case ErrorKind::internal:
      return 70;
  }
  return 70;
}

}  // namespace

int report(const Error& error) {
  fmt::print(stderr, "muster: {}\n", error.message);
  return exit_code(error.kind);
}

int report(yaml::Problems problems, const std::string& file) {
  yaml::sort_by_position(problems);
  for (const auto& problem : problems) {
    fmt::print(stderr, "{}\n", problem.describe_in(printable(file)));
  }
  return exit_code(ErrorKind::invalid);
}

int report_obstacle(const Error& error) {
  const int code = report(error);
  return error.kind == ErrorKind::invalid || error.kind == ErrorKind::internal ? code : 5;
}

}  // namespace muster::cli
