#pragma once

// A file that an option names for what a command finds out.

#include <optional>
#include <string>

#include "base/file.hpp"

namespace muster::cli {

// Nothing, if the option is not given.
inline Result<std::optional<OutputFile>> prepared(const std::string& path) {
  if (path.empty()) return std::nullopt;
  auto file = OutputFile::prepare(path, 0644);
  if (!file) return file.error();
  return std::optional(std::move(*file));
}

}  // namespace muster::cli
