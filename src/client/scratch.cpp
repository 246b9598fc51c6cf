#include "client/scratch.hpp"

#include <cerrno>
#include <cstdlib>

#include <fmt/core.h>

namespace muster::client {

Result<Scratch> Scratch::make() {
  std::error_code failure;
  const auto parent = std::filesystem::temp_directory_path(failure);
  std::string name = (failure ? "/tmp" : parent.string()) + "/muster.XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    return system_error(errno, fmt::format("cannot make the temporary directory {}", name));
  }
  return Scratch(name);
}

Scratch::~Scratch() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace muster::client
