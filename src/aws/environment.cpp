#include "aws/environment.hpp"

#include <cstdlib>

#include "net/http.hpp"

namespace muster::aws {

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (!value || !*value) return std::nullopt;
    return value;
  };
}

bool is_true(const std::optional<std::string>& value) {
  return value && net::equal_ignoring_case(*value, "true");
}

}  // namespace muster::aws
