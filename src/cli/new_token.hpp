#pragma once

// A token that is to be created, and the file that it goes into, if one is asked for. The file is
// prepared first: no token is created that could not be kept.

#include <optional>
#include <string>

#include "base/file.hpp"
#include "base/result.hpp"
#include "client/api.hpp"

namespace muster::cli {

// Nothing for an empty `path`. An error if there is such a file already.
Result<std::optional<NewFile>> prepare_token_file(const std::string& path);

// Creates the token. With `file`, its secret goes there and is not in the answer; if it cannot be
// written, the token is revoked again.
Result<protocol::TokenItem> create_token(client::Api& api, const protocol::NewToken& wanted,
                                         std::optional<NewFile> file);

// Says on standard error where the token is, and how to revoke it.
void tell_token_file(const protocol::TokenItem& token, const std::string& path);

}  // namespace muster::cli
