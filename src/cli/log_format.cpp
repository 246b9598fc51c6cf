#include "cli/log_format.hpp"

#include <unistd.h>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"

namespace muster::cli {

Result<void> use_log_format(std::string_view word) {
  if (word == "auto") {
    const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
    return log::configure({.format = is_terminal ? log::Format::color : log::Format::json});
  }
  if (word == "text") return log::configure({.format = log::Format::text});
  if (word == "json") return log::configure({.format = log::Format::json});
  return Error{ErrorKind::invalid,
               fmt::format("'{}' is no format of a log: auto, text or json", printable(word, 100))};
}

}  // namespace muster::cli
