#include "demand/token_source.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::demand {

namespace {

Result<std::string> only_line(std::string_view content, const std::string& where) {
  const auto token = trim(content);
  const bool plain =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (token.empty() || !plain) {
    return Error{ErrorKind::invalid,
                 fmt::format("{} does not hold a token: put one there, alone, on one line", where)};
  }
  return std::string(token);
}

}  // namespace

Result<std::string> read_token(const std::filesystem::path& file) {
  constexpr std::uint64_t kLongestFile = 4096;
  const auto content = read_file(file, kLongestFile);
  if (!content) return content.error().within("reading the token");
  return only_line(*content, file.string());
}

TokenSource token_in_file(std::filesystem::path file) {
  return [file = std::move(file)] { return read_token(file); };
}

TokenSource token_in_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  const auto token = only_line(value == nullptr ? "" : value, "the variable " + name);
  return [token] { return token; };
}

}  // namespace muster::demand
