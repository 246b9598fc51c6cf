#pragma once

// Values that several sections of muster.yaml have.

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "yaml/reader.hpp"

namespace muster::cli {

// A duration between `least` and a year.
std::optional<Millis> bounded_duration(yaml::MapReader& reader, std::string_view key, Millis least);

// A region of AWS by its name. Empty: that of the environment, which may be any host's label.
std::string region_in(yaml::MapReader& reader, std::string_view key);

// An empty section lacks its keys as any other mapping does.
yaml::Value as_mapping(yaml::Value value);

}  // namespace muster::cli
