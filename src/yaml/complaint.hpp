#pragma once

// What yaml-cpp says of a text that is no YAML, in words that say what to do. Pure.

#include <string>
#include <string_view>

namespace muster::yaml {

// `line` is the one that it complains of. What has no better words is returned as it is.
std::string in_plain_words(std::string_view complaint, std::string_view line);

}  // namespace muster::yaml
