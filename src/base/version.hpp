#pragma once

#include <string_view>

namespace muster {

// As in the top-level CMakeLists.txt: "0.1.0".
std::string_view version();

}  // namespace muster
