#include "cli/client_session.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "base/environment.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/token_file.hpp"
#include "cli/clear_text.hpp"
#include "cli/paths.hpp"
#include "net/server_url.hpp"
#include "net/trust.hpp"

namespace muster::cli {
namespace {

// Of a file it is said if others can read it: whoever can may do all that its owner may.
Result<std::string> read_token(const std::string& file) {
  constexpr std::uint64_t kLongestInput = 4096;  // bytes
  if (file == "-") {
    const auto text = read_all(STDIN_FILENO, kLongestInput);
    if (!text) return Error{ErrorKind::invalid, "the token: " + text.error().message};
    return token_in(*text, "standard input");
  }
  auto token = read_token_file(file);
  if (!token) return Error{ErrorKind::invalid, "the token: " + token.error().message};
  if (is_open_to_others(file)) {
    fmt::print(stderr, "muster: others can read {0}, and it holds a token: run 'chmod 600 {0}'\n",
               printable(file, 1000));
  }
  return token;
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
  if (!places.variable.empty()) return token_in(places.variable, "$MUSTER_TOKEN");
  if (places.data_directory.empty()) {
    return no_token("$HOME is not set, so that none is looked for");
  }
  const auto file = token_file_in(places.data_directory);
  if (::access(file.c_str(), R_OK) == 0) return read_token(file.string());
  return no_token(fmt::format("{} is not there or not readable", file.string()));
}

std::string take_token_variable() {
  constexpr auto kVariable = "MUSTER_TOKEN";
  const char* value = std::getenv(kVariable);
  std::string token = value == nullptr ? "" : value;
  forget_variable(kVariable);
  return token;
}

Result<client::Access> find_access(const ClientOptions& options) {
  const auto variable = take_token_variable();
  constexpr auto kServer = "--server or $MUSTER_SERVER";
  auto server = net::server_url(options.server);
  if (!server) return server.error().within(kServer);
  if (!options.ca_file.empty()) {
    if (auto fine = net::check_authorities(options.ca_file); !fine) {
      return fine.error().within("--ca-file or $MUSTER_CA_FILE");
    }
  }
  auto token = find_token({.file = options.token_file,
                           .variable = variable,
                           .data_directory = default_data_directory()});
  if (!token) return token.error();
  print_clear_text(clear_text_warning(kServer, *server));
  return client::Access{
      std::move(*server), std::move(*token), {options.ca_file, "--ca-file or $MUSTER_CA_FILE"}};
}

void print_lines(const std::vector<std::string>& lines) {
  for (const auto& line : lines) fmt::print("{}\n", line);
}

}  // namespace muster::cli
