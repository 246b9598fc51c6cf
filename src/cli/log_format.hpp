#pragma once

// How `muster server` and `muster scale` log: text for people, JSON for machines.

#include <string_view>

#include "base/result.hpp"

namespace muster::cli {

inline constexpr const char* kLogFormats = "auto|text|json";

// One of these words. `auto` is text on a terminal, and JSON elsewhere.
Result<void> use_log_format(std::string_view word);

}  // namespace muster::cli
