#pragma once

// The keys of a class in muster.yaml that say how it is scaled. docs/scaling.md has their table.

#include "scaling/policy.hpp"
#include "yaml/reader.hpp"

namespace muster::cli {

// How many instances, and how fast they come and go.
scaling::Policy read_policy(yaml::MapReader& reader);

}  // namespace muster::cli
