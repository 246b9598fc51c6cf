#pragma once

// From the text of a `.circleci/config.yml` to a Config. Pure.
//
// What this version does not understand is refused with line, column and the key's path, never
// ignored: a job that runs must be the job that was written.

#include <string_view>
#include <variant>

#include "pipeline/model.hpp"
#include "yaml/reader.hpp"

namespace muster::pipeline {

inline constexpr std::size_t kLongestConfig = 1 << 20;  // bytes

// Either a Config, or at least one problem.
std::variant<Config, yaml::Problems> compile(std::string_view text);

}  // namespace muster::pipeline
