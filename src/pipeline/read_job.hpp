#pragma once

// One entry of `jobs`.

#include <string>

#include "pipeline/model.hpp"
#include "yaml/reader.hpp"

namespace muster::pipeline {

// What could not be understood is a problem, and has its default in the result.
Job read_job(const yaml::Entry& entry, yaml::Problems& problems);

}  // namespace muster::pipeline
