#pragma once

// Directories on whose way others may put something else, for who has more rights than these.

#include <filesystem>

#include "base/file.hpp"

namespace muster {

// Opens the directory, to be read. A link on the way is followed only from a directory that is ours
// alone, as one in which an administrator has put it; another is an error (ErrorKind::forbidden).
// What is no link can only be a directory of whoever may put it there.
Result<UniqueFd> open_directory(const std::filesystem::path& path);

// Whether nobody but root and we may put anything into the open directory, or take it out.
bool is_ours_alone(int directory);

}  // namespace muster
