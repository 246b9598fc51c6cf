#include "process/own_program.hpp"

#include <string_view>

#include "base/error.hpp"

namespace muster::process {

namespace fs = std::filesystem;

Result<fs::path> own_program() {
  std::error_code failure;
  const auto target = fs::read_symlink("/proc/self/exe", failure);
  if (failure) return system_error(failure.value(), "cannot find this program's own file");
  return without_removal_mark(target);
}

fs::path without_removal_mark(const fs::path& target) {
  constexpr std::string_view kMark = " (deleted)";
  const auto text = target.string();
  if (!text.ends_with(kMark)) return target;
  const fs::path plain = text.substr(0, text.size() - kMark.size());
  std::error_code unknown;
  return fs::exists(plain, unknown) ? plain : target;
}

}  // namespace muster::process
