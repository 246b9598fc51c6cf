#pragma once

// A list that stays short however long it is. Pure.

#include <cstddef>
#include <span>
#include <string>

namespace muster {

// The first `most` of them: "a, b, c", or "a, b, c and 2 more".
std::string some_of(std::span<const std::string> parts, std::size_t most);

}  // namespace muster
