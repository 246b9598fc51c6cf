#include "base/tree.hpp"

#include <fmt/core.h>

namespace muster {
namespace {

namespace fs = std::filesystem;

void make_emptiable(const fs::path& path) {
  std::error_code ignored;
  const auto open_up = [&](const fs::path& directory) {
    fs::permissions(directory, fs::perms::owner_all, fs::perm_options::add, ignored);
  };
  if (!fs::is_directory(fs::symlink_status(path, ignored))) return;
  open_up(path);
  // Each directory is opened before it is entered; links are not followed.
  for (auto it = fs::recursive_directory_iterator(
           path, fs::directory_options::skip_permission_denied, ignored);
       it != fs::recursive_directory_iterator(); it.increment(ignored)) {
    if (ignored) return;
    if (fs::is_directory(it->symlink_status(ignored))) open_up(it->path());
  }
}

}  // namespace

Result<void> remove_tree(const fs::path& path) {
  std::error_code failure;
  fs::remove_all(path, failure);
  if (failure) {
    make_emptiable(path);
    fs::remove_all(path, failure);
  }
  if (!failure) return ok();
  return system_error(failure.value(), fmt::format("cannot remove {}", path.string()));
}

}  // namespace muster
