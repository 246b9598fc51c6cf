#include "demand/token_source.hpp"

#include <cstdlib>
#include <map>

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
  static std::map<std::string, std::string> taken;
  if (const char* value = std::getenv(name.c_str()); value != nullptr) {
    taken[name] = value;
    ::unsetenv(name.c_str());
  }
  return [token = token_in(taken[name], "the variable " + name)] { return token; };
}

}  // namespace muster::demand
