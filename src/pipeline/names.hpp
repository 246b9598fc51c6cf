#pragma once

// What names may look like. Sources: CircleCI configuration reference, machine runner reference.

#include <cstddef>
#include <string_view>

namespace muster::pipeline {

inline constexpr std::size_t kLongestName = 256;  // bytes

// A letter, then letters, digits, blanks, _ and -.
bool is_job_name(std::string_view name);

// A letter or _, then letters, digits and _.
bool is_environment_name(std::string_view name);

// NAMESPACE/NAME: lower-case letters, digits, _ and -; in the name also upper-case, : and +.
bool is_resource_class(std::string_view name);

}  // namespace muster::pipeline
