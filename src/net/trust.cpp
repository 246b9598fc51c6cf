#include "net/trust.hpp"

#include <algorithm>
#include <string_view>

namespace muster::net {

namespace {

bool is_hashed_name(std::string_view name) {
  constexpr std::string_view kHex = "0123456789abcdef";
  return name.size() == 10 && name.ends_with(".0") && name.find_first_not_of(kHex) == 8;
}

}  // namespace

bool has_hashed_names(const std::filesystem::path& directory) {
  std::error_code failed;
  std::filesystem::directory_iterator entries(directory, failed);
  for (; !failed && entries != std::filesystem::directory_iterator(); entries.increment(failed)) {
    if (is_hashed_name(entries->path().filename().string())) return true;
  }
  return false;
}

}  // namespace muster::net
