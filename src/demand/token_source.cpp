#include "demand/token_source.hpp"

#include <cstdlib>

#include "base/token_file.hpp"

namespace muster::demand {

TokenSource token_in_file(std::filesystem::path file) {
  return [file = std::move(file)]() -> Result<std::string> {
    auto token = read_token_file(file);
    if (!token) return token.error().within("reading the token");
    return token;
  };
}

TokenSource token_in_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  auto token = token_in(value == nullptr ? "" : value, "the variable " + name);
  ::unsetenv(name.c_str());
  return [token = std::move(token)] { return token; };
}

}  // namespace muster::demand
