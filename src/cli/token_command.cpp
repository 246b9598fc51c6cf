#include <cstdio>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/client_session.hpp"
#include "cli/commands.hpp"
#include "cli/new_token.hpp"
#include "client/terminal_text.hpp"
#include "protocol/json.hpp"

namespace muster::cli {
namespace {

// Of a class that is not there; what is no muster server may lack the whole path.
Error with_cure(Error error, const std::string& resource_class) {
  const bool lacks_class =
      error.kind == ErrorKind::not_found && (error.message.ends_with("resource class not found") ||
                                             error.message.ends_with("does not exist"));
  if (!lacks_class) return error;
  error.message +=
      fmt::format("; make it: muster resource-class create {}", printable(resource_class));
  return error;
}

int create(client::Api& api, const TokenOptions& options) {
  auto file = prepare_token_file(options.output);
  if (!file) return report(file.error());
  const auto token =
      create_token(api, {options.resource_class, options.nickname, std::nullopt}, std::move(*file));
  if (!token) return report(with_cure(token.error(), options.resource_class));
  if (!options.output.empty()) tell_token_file(*token, options.output);
  if (options.json) {
    fmt::print("{}\n", protocol::to_json(*token));
    return 0;
  }
  if (!options.output.empty()) return 0;
  fmt::print(stderr, "This token is shown once. To revoke it: muster token revoke {}\n", token->id);
  fmt::print("{}\n", token->token.value_or(""));
  return 0;
}

int list(client::Api& api, const TokenOptions& options) {
  const auto tokens = api.tokens(options.resource_class);
  if (!tokens) {
    const auto& name = options.resource_class;
    const auto error = with_cure(tokens.error(), name);
    return report(name.empty() ? error : error.within(printable(name)));
  }
  if (options.json) {
    fmt::print("{}\n", protocol::to_json(*tokens));
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "NICKNAME", "CREATED"}};
  for (const auto& item : tokens->items) {
    rows.push_back({item.id, item.nickname, format_rfc3339(item.created_at)});
  }
  print_lines(client::table(rows));
  return 0;
}

int revoke(client::Api& api, const TokenOptions& options) {
  const auto revoked = api.revoke_token(options.id);
  if (revoked) return 0;
  if (revoked.error().kind != ErrorKind::not_found) return report(revoked.error());
  return report({ErrorKind::not_found,
                 fmt::format("there is no token {}; 'muster token list' shows the personal ones, "
                             "'muster token list NAMESPACE/NAME' those of a class",
                             printable(options.id))});
}

}  // namespace

int run(const TokenOptions& options) {
  const auto access = find_access(options.client);
  if (!access) return report(access.error());
  client::Api api(*access);
  switch (options.action) {
    case TokenOptions::Action::create:
      return create(api, options);
    case TokenOptions::Action::revoke:
      return revoke(api, options);
    default:
      return list(api, options);
  }
}

}  // namespace muster::cli
