#pragma once

// The token of a resource class in what a secret holds: the token alone, or a JSON object with the
// member "token". Pure. An error says what to write there, and never what is there.

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace muster::instance {

Result<std::string> class_token_in(std::string_view kept, std::string_view secret);

}  // namespace muster::instance
