#pragma once

// The file of this program, for children that are to run it as well.

#include <filesystem>

#include "base/result.hpp"

namespace muster::process {

// Where a package has replaced the file while we run, the one in its place.
Result<std::filesystem::path> own_program();

// What a link such as /proc/self/exe says, without the kernel's mark of a file that was removed, if
// there is another by that name.
std::filesystem::path without_removal_mark(const std::filesystem::path& target);

}  // namespace muster::process
