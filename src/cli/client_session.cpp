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
  return Error{ErrorKind::invalid, fmt::format("{} holds no token", source)};
}

Result<std::string> read_token(const std::string& file) {
  const auto text =
      file == "-" ? read_all(STDIN_FILENO, kLongestToken) : read_file(file, kLongestToken);
  if (text) return checked(*text, file == "-" ? "standard input" : file);
  return Error{ErrorKind::invalid, "cannot read the token: " + text.error().message};
}

Error no_token(const std::string& why) {
  return {ErrorKind::unauthenticated,
          fmt::format("no token: {}. Give --token-file, $MUSTER_TOKEN_FILE or $MUSTER_TOKEN; "
                      "'muster server' leaves a token in its data directory at its first start.",
                      why)};
}

Result<std::string> find_token(const ClientOptions& options) {
  if (!options.token_file.empty()) return read_token(options.token_file);
  const char* variable = std::getenv("MUSTER_TOKEN");
  if (variable != nullptr && *variable != '\0') return checked(variable, "$MUSTER_TOKEN");
  const auto directory = default_data_directory();
  if (directory.empty()) return no_token("$HOME is not set, so that none is looked for");
  const auto file = token_file_in(directory);
  if (::access(file.c_str(), R_OK) == 0) return read_token(file.string());
  return no_token(fmt::format("{} is not there or not readable", file.string()));
}

}  // namespace

Result<client::Access> find_access(const ClientOptions& options) {
  auto token = find_token(options);
  if (!token) return token.error();
  return client::Access{options.server, std::move(*token)};
}

void print_lines(const std::vector<std::string>& lines) {
  for (const auto& line : lines) fmt::print("{}\n", line);
}

}  // namespace muster::cli
