#pragma once

// What several constructs of a config have in common.

#include <span>
#include <string_view>

#include "pipeline/model.hpp"
#include "yaml/reader.hpp"

namespace muster::pipeline {

// Linux passes no longer argument or environment entry to a program (MAX_ARG_STRLEN, less the NUL).
inline constexpr std::size_t kLongestArgument = 128 * 1024 - 1;

// CircleCI knows these keys and we do not yet: each that is there is a problem.
void refuse_unsupported(yaml::MapReader& map, std::span<const std::string_view> keys);

// The key `environment`: a mapping, or a list of NAME=VALUE texts and of mappings.
Environment read_environment(yaml::MapReader& map, yaml::Problems& problems);

// A text that may not be empty.
std::optional<std::string> read_text(yaml::MapReader& map, std::string_view key,
                                     yaml::Problems& problems);

}  // namespace muster::pipeline
