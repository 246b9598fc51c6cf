#pragma once

#include <string>
#include <utility>
#include <vector>

namespace muster::aws {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// As application/x-www-form-urlencoded, the body of the services that answer in XML.
std::string encode_form(const Parameters& parameters);

inline constexpr const char* kFormType = "application/x-www-form-urlencoded; charset=utf-8";

}  // namespace muster::aws
