#pragma once

// The messages as JSON. Instantiated in json.cpp for each type of messages.hpp (and for
// pipeline::Job, which the store keeps), so that no other file reads a JSON library's headers.

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace muster::protocol {

template <class T>
std::string to_json(const T& message);

// An error names the member: "steps[2].command: expected a string".
template <class T>
Result<T> from_json(std::string_view text);

}  // namespace muster::protocol
