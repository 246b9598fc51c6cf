#pragma once

// Where a personal token comes from. It is fetched anew for each use, so that one that was rotated
// is found at once. An error says where it was looked for, and never holds what was there.

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "base/result.hpp"

namespace muster::demand {

// Thread-safe. A `stop` ends the waiting for it (ErrorKind::cancelled). `refused`, unless empty, is
// the token that was given last and is not valid: a source that remembers asks whether there is
// another one.
using TokenSource =
    std::function<Result<std::string>(const std::stop_token& stop, const std::string& refused)>;

TokenSource token_in_file(std::filesystem::path file);

// As it was when this was first called for that variable. It is taken out of our environment, so
// that no child inherits it. To be called while no other thread looks at the environment.
TokenSource token_in_variable(const std::string& name);
bool has_token_in_variable(const std::string& name);

}  // namespace muster::demand
