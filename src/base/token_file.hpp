#pragma once

// A token, and the file that holds it: one word, alone, on one line.
// An error names the place, never the content.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace muster {

// The only word of `text`, which came from `source`.
Result<std::string> token_in(std::string_view text, std::string_view source);

Result<std::string> read_token_file(const std::filesystem::path& file);

// Whether it is a file that others than its owner may read, or change.
bool is_open_to_others(const std::filesystem::path& file);

}  // namespace muster
