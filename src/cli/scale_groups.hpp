#pragma once

// The Auto Scaling groups of muster.yaml. Pure.

#include <vector>

#include "cli/scale_config.hpp"
#include "yaml/reader.hpp"

namespace muster::cli {

// Of a class's `auto_scaling_group`: one, by its name, or several in order of preference, of which
// the class is told. `most` may live in the class.
capacity::ClassGroups read_groups(yaml::MapReader& reader, fleet::ManagedClass& managed,
                                  std::int64_t most);

// Two classes must not name one group, nor one class a group twice. `at` has where each class
// stands.
void refuse_shared_groups(const std::vector<ScaledClass>& classes,
                          const std::vector<yaml::Position>& at, yaml::Problems& problems);

}  // namespace muster::cli
