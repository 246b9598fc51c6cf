#include "cli/new_token.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"

namespace muster::cli {

Result<std::optional<NewFile>> prepare_token_file(const std::string& path) {
  if (path.empty()) return std::nullopt;
  auto file = NewFile::prepare(path, S_IRUSR | S_IWUSR);
  if (!file) return file.error();
  return std::optional(std::move(*file));
}

Result<protocol::TokenItem> create_token(client::Api& api, const protocol::NewToken& wanted,
                                         std::optional<NewFile> file) {
  auto token = api.create_token(wanted);
  if (!token || !file) return token;
  const auto secret = std::exchange(token->token, std::nullopt);
  const auto written = file->appear_with(secret.value_or("") + "\n");
  if (written) return token;
  auto error = written.error();
  const auto revoked = api.revoke_token(token->id);
  error.message += revoked ? "; the token is revoked again"
                           : fmt::format("; revoke the token: muster token revoke {}", token->id);
  return error;
}

void tell_token_file(const protocol::TokenItem& token, const std::string& path) {
  fmt::print(stderr, "The token is in {}. To revoke it: muster token revoke {}\n",
             printable(path, 1000), token.id);
}

}  // namespace muster::cli
