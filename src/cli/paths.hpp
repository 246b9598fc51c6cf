#pragma once

// Where a server keeps its data, and a client of the same user finds its token.

#include <filesystem>

namespace muster::cli {

// Root: /var/lib/muster; else $XDG_DATA_HOME/muster, by default ~/.local/share/muster. Empty if
// neither $XDG_DATA_HOME nor $HOME is an absolute path: nobody knows, then.
std::filesystem::path default_data_directory();

// The personal token that a server writes (0600) into its data directory at its first start.
std::filesystem::path token_file_in(const std::filesystem::path& data_directory);

}  // namespace muster::cli
