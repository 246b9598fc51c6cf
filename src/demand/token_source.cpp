#include "demand/token_source.hpp"

#include <cstdlib>
#include <map>

#include "base/environment.hpp"
#include "base/token_file.hpp"

namespace muster::demand {

TokenSource token_in_file(std::filesystem::path file) {
  return
      [file = std::move(file)](const std::stop_token&, const std::string&) -> Result<std::string> {
        auto token = read_token_file(file);
        if (!token) return token.error().within("reading the token");
        return token;
      };
}

namespace {

// What was taken out of the environment, by variable.
std::map<std::string, std::string>& taken_variables() {
  static std::map<std::string, std::string> taken;
  return taken;
}

}  // namespace

bool has_token_in_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return (value != nullptr && *value != '\0') || taken_variables().contains(name);
}

TokenSource token_in_variable(const std::string& name) {
  auto& taken = taken_variables();
  if (const char* value = std::getenv(name.c_str()); value != nullptr) {
    taken[name] = value;
    forget_variable(name);
  }
  return [token = token_in(taken[name], "the variable " + name)](
             const std::stop_token&, const std::string&) { return token; };
}

}  // namespace muster::demand
