#include <cstdio>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/client_session.hpp"
#include "cli/commands.hpp"
#include "cli/new_token.hpp"
#include "client/terminal_text.hpp"
#include "protocol/json.hpp"
#include "protocol/sign_in_link.hpp"

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
      create_token(api, {options.resource_class, options.nickname, std::nullopt, options.role},
                   std::move(*file));
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
  const bool personal = options.resource_class.empty();
  std::vector<std::vector<std::string>> rows{{"ID", "NICKNAME", "CREATED"}};
  if (personal) rows.front().insert(rows.front().begin() + 1, "ROLE");
  for (const auto& item : tokens->items) {
    auto& row = rows.emplace_back(
        std::vector<std::string>{item.id, item.nickname, format_rfc3339(item.created_at)});
    // A server from before there were roles says none.
    const auto role = item.role ? to_string(*item.role) : std::string_view("-");
    if (personal) row.emplace(row.begin() + 1, role);
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

int link(client::Api& api, const std::string& server, const TokenOptions& options) {
  const auto made = api.sign_in_code();
  if (!made) return report(made.error());
  if (options.json) {
    fmt::print("{}\n", protocol::to_json(*made));
    return 0;
  }
  fmt::print(stderr, "This link signs a browser in, once, until {}.\n",
             format_rfc3339(made->expires_at));
  fmt::print("{}\n", protocol::sign_in_link(server, made->code));
  return 0;
}

}  // namespace

int run(const TokenOptions& options) {
  const auto access = find_access(options.client);
  if (!access) return report(access.error());
  client::Api api(*access);
  switch (options.action) {
    case TokenOptions::Action::create:
      return create(api, options);
    case TokenOptions::Action::link:
      return link(api, access->server, options);
    case TokenOptions::Action::revoke:
      return revoke(api, options);
    default:
      return list(api, options);
  }
}

}  // namespace muster::cli
