#include "base/token_file.hpp"

#include <sys/stat.h>

#include <algorithm>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace muster {

Result<std::string> token_in(std::string_view text, std::string_view source) {
  const auto token = trim(text);
  if (token.starts_with('{')) {
    return Error{ErrorKind::invalid,
                 fmt::format("{} holds JSON: it should be the token alone, on one line", source)};
  }
  // It goes into a header.
  const bool word =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (word && !token.empty()) return std::string(token);
  return Error{ErrorKind::invalid,
               fmt::format("{} holds no token: it should be one word, alone, on one line", source)};
}

Result<std::string> read_token_file(const std::filesystem::path& file) {
  constexpr std::uint64_t kLongestFile = 4096;  // bytes
  const auto text = read_file(file, kLongestFile);
  if (!text) return text.error();
  return token_in(*text, file.string());
}

bool is_open_to_others(const std::filesystem::path& file) {
  constexpr mode_t kOthers = 077;
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         (status.st_mode & kOthers) != 0;
}

}  // namespace muster
