#pragma once

// One item of a job's `steps`.

#include <optional>
#include <string>

#include "pipeline/model.hpp"
#include "yaml/reader.hpp"

namespace muster::pipeline {

// Nothing if it cannot be understood; then there is at least one more problem.
std::optional<Step> read_step(const yaml::Value& value, const std::string& path,
                              yaml::Problems& problems);

}  // namespace muster::pipeline
