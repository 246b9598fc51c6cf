#pragma once

// What every client command starts with: where the server is, and a token for it.

#include "base/result.hpp"
#include "cli/options.hpp"
#include "client/api.hpp"

namespace muster::cli {

// The token is that of --token-file or $MUSTER_TOKEN_FILE, else $MUSTER_TOKEN, else the one that a
// server of this user left in its data directory.
Result<client::Access> find_access(const ClientOptions& options);

// Prints each line to standard output.
void print_lines(const std::vector<std::string>& lines);

}  // namespace muster::cli
