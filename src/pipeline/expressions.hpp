#pragma once

// `<< … >>` in the texts of a config. This version knows no expressions: one is a problem. What
// only looks like one is written `\<<`, and becomes `<<` here.

#include "yaml/reader.hpp"
#include "yaml/value.hpp"

namespace muster::pipeline {

void resolve_expressions(yaml::Value& document, yaml::Problems& problems);

}  // namespace muster::pipeline
