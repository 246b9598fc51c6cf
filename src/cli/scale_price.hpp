#pragma once

// The keys of muster.yaml that say what an instance costs: docs/scaling.md has them.

#include <optional>
#include <string>

#include "fleet/price.hpp"
#include "yaml/reader.hpp"

namespace muster::cli {

// Of the whole file, or of a class. `otherwise` if nothing is said.
std::string read_currency(yaml::MapReader& reader, const std::string& otherwise);

// Of a class. Nothing if none is known, or it could not be read.
std::optional<fleet::Price> read_price(yaml::MapReader& reader, const std::string& currency);

}  // namespace muster::cli
