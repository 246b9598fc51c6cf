#include "cli/paths.hpp"

#include <unistd.h>

#include <cstdlib>

namespace muster::cli {
namespace {

// Nothing, if the variable is unset or no absolute path (as the XDG specification asks for).
std::filesystem::path directory_from(const char* variable) {
  const char* value = std::getenv(variable);
  const std::filesystem::path path = value == nullptr ? "" : value;
  return path.is_absolute() ? path : std::filesystem::path();
}

}  // namespace

std::filesystem::path default_data_directory() {
  if (::geteuid() == 0) return "/var/lib/muster";
  if (const auto data = directory_from("XDG_DATA_HOME"); !data.empty()) return data / "muster";
  const auto home = directory_from("HOME");
  return home.empty() ? home : home / ".local/share/muster";
}

std::filesystem::path token_file_in(const std::filesystem::path& data_directory) {
  return data_directory / "token";
}

}  // namespace muster::cli
