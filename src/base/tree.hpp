#pragma once

// A directory and all that is below it.

#include <filesystem>

#include "base/result.hpp"

namespace muster {

// Removes `path` and what is below it; links are not followed. Also where a directory in it may not
// be emptied by its own owner, as caches of modules are. Nothing there is fine.
Result<void> remove_tree(const std::filesystem::path& path);

}  // namespace muster
