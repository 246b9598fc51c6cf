#pragma once

#include <string>
#include <string_view>

namespace muster::capacity {

// A string for JSON, and so for YAML: in double quotes, with escapes where needed.
std::string json_text(std::string_view text);

}  // namespace muster::capacity
