#pragma once

#include <functional>
#include <optional>
#include <string>

namespace muster::aws {

// The value of an environment variable; one that is empty counts as not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// This process's own. Thread-safe as long as nobody changes it.
Environment process_environment();

// "true" in any case, as AWS's tools read their switches.
bool is_true(const std::optional<std::string>& value);

}  // namespace muster::aws
