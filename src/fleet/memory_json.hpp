#pragma once

// What is remembered of a class, as one JSON text: as every ledger keeps it. Pure.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "fleet/observe.hpp"

namespace muster::fleet {

std::string to_json(const ClassMemory& memory);

// Members that are missing are as in an empty memory; unknown ones are a newer version's, and left
// out. Anything else that to_json() does not write is ErrorKind::invalid.
Result<ClassMemory> memory_from_json(std::string_view text);

}  // namespace muster::fleet
