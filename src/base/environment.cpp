#include "base/environment.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace muster {

void forget_variable(const std::string& name) {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!text.starts_with(name + "=")) continue;
    ::explicit_bzero(*entry + name.size() + 1, text.size() - name.size() - 1);
  }
  ::unsetenv(name.c_str());
}

}  // namespace muster
