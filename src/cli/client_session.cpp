#include "cli/client_session.hpp"

#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/paths.hpp"

namespace muster::cli {
namespace {

constexpr std::uint64_t kLongestToken = 4096;  // bytes

// A token goes into a header: one word, nothing else.
Result<std::string> checked(std::string_view text, const std::string& source) {
  const auto token = trim(text);
  const bool word = token.find_first_of(" \t\r\n") == std::string_view::npos;
  if (!token.empty() && word && printable(token, kLongestToken) == token) return std::string(token);
  return Error{ErrorKind::invalid, fmt::format("{} holds no token: it should be one word", source)};
}

Result<std::string> read_token(const std::string& file) {
  const auto text =
      file == "-" ? read_all(STDIN_FILENO, kLongestToken) : read_file(file, kLongestToken);
  if (text) return checked(*text, file == "-" ? "standard input" : file);
  return Error{ErrorKind::invalid, "the token: " + text.error().message};
}

Error no_token(const std::string& why) {
  return {ErrorKind::unauthenticated,
          fmt::format("no token: {}. Give --token-file, $MUSTER_TOKEN_FILE or $MUSTER_TOKEN; "
                      "'muster server' leaves a token in its data directory at its first start.",
                      why)};
}

}  // namespace

Result<std::string> find_token(const TokenPlaces& places) {
  if (!places.file.empty()) return read_token(places.file);
  if (!places.variable.empty()) return checked(places.variable, "$MUSTER_TOKEN");
  if (places.data_directory.empty()) {
    return no_token("$HOME is not set, so that none is looked for");
  }
  const auto file = token_file_in(places.data_directory);
  if (::access(file.c_str(), R_OK) == 0) return read_token(file.string());
  return no_token(fmt::format("{} is not there or not readable", file.string()));
}

Result<client::Access> find_access(const ClientOptions& options) {
  if (!options.server.starts_with("http://") && !options.server.starts_with("https://")) {
    return Error{ErrorKind::invalid, fmt::format("'{}' is no address of a server; --server and "
                                                 "$MUSTER_SERVER take http://HOST:PORT",
                                                 printable(options.server))};
  }
  const char* variable = std::getenv("MUSTER_TOKEN");
  auto token = find_token({.file = options.token_file,
                           .variable = variable == nullptr ? "" : variable,
                           .data_directory = default_data_directory()});
  if (!token) return token.error();
  return client::Access{options.server, std::move(*token)};
}

void print_lines(const std::vector<std::string>& lines) {
  for (const auto& line : lines) fmt::print("{}\n", line);
}

}  // namespace muster::cli
