#pragma once

// One entry of `workflows`.

#include <map>
#include <string>

#include "pipeline/model.hpp"
#include "yaml/reader.hpp"

namespace muster::pipeline {

// What could not be understood is a problem, and is not in the result.
Workflow read_workflow(const yaml::Entry& entry, const std::map<std::string, Job>& jobs,
                       yaml::Problems& problems);

}  // namespace muster::pipeline
