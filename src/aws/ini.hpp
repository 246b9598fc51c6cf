#pragma once

// The form of ~/.aws/config and ~/.aws/credentials. Pure.

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace muster::aws {

// Names are in lower case. A setting of a group ("s3 =", and below it, indented, "url = x") is
// named "s3.url".
using Settings = std::map<std::string, std::string>;

// By the text between the brackets. A section that is there twice is one. An error names the
// line and never quotes it: it may hold a secret.
Result<std::map<std::string, Settings>> parse_ini(std::string_view text);

}  // namespace muster::aws
