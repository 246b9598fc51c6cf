#pragma once

// What every client command starts with: where the server is, and a token for it.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/options.hpp"
#include "client/api.hpp"

namespace muster::cli {

// Where a token may be: the first of these that is not empty has it, or nothing has.
struct TokenPlaces {
  std::string file;                      // --token-file, $MUSTER_TOKEN_FILE; "-": standard input
  std::string variable;                  // the text of $MUSTER_TOKEN
  std::filesystem::path data_directory;  // where a server of this user left one
};
Result<std::string> find_token(const TokenPlaces& places);

// The text of $MUSTER_TOKEN, which is overwritten in the environment, as others may look there.
// While there is one thread.
std::string take_token_variable();

// Once, as it takes the variable, and while there is one thread.
Result<client::Access> find_access(const ClientOptions& options);

// Prints each line to standard output.
void print_lines(const std::vector<std::string>& lines);

}  // namespace muster::cli
