#pragma once

// A directory and all that is below it.
//
// What is below is walked by descriptors, never by a path: whoever may change it meanwhile, such as
// a job that lives on, cannot lead us elsewhere, at whatever depth.

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace muster {

// Removes `path` and what is below it; links are not followed. Also where a directory in it may not
// be emptied by its own owner, as caches of modules are. Nothing there is fine. What can be removed
// is, also if something else cannot.
Result<void> remove_tree(const std::filesystem::path& path);

// The same of what has that name in the open directory `above`.
Result<void> remove_tree_at(int above, const std::string& name);

// Likewise all that is in the open directory, which stays.
Result<void> empty_tree(int directory);

}  // namespace muster
