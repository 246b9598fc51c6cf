#include "demand/server_access.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::demand {

Result<std::string> read_token(const std::filesystem::path& file) {
  constexpr std::uint64_t kLongestFile = 4096;
  auto content = read_file(file, kLongestFile);
  if (!content) return content.error().within("reading the token");
  const auto token = trim(*content);
  const bool plain =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (token.empty() || !plain) {
    return Error{
        ErrorKind::invalid,
        fmt::format("{} does not hold a token: put one there, alone, on one line", file.string())};
  }
  return std::string(token);
}

Result<net::ClientRequest> authorized(const ServerAccess& access, std::string_view method,
                                      std::string_view path_and_query) {
  auto token = read_token(access.token_file);
  if (!token) return token.error();
  net::ClientRequest request;
  request.method = method;
  request.url = access.url;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += path_and_query;
  request.headers.set("Authorization", "Bearer " + *token);
  return request;
}

}  // namespace muster::demand
