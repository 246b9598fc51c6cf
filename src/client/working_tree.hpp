#pragma once

// Uncommitted changes as a commit that the repository never sees.

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "client/git.hpp"

namespace muster::client {

// The id of a commit on top of `head` with all changes and all new files that are not ignored;
// `head` itself if there are none. Its objects lie in `scratch`, and `git` finds them from now on.
Result<std::string> commit_working_tree(Git& git, const std::string& head,
                                        const std::string& subject,
                                        const std::filesystem::path& scratch);

}  // namespace muster::client
