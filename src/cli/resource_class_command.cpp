#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "cli/client_session.hpp"
#include "cli/commands.hpp"
#include "cli/new_token.hpp"
#include "client/terminal_text.hpp"
#include "protocol/json.hpp"

namespace muster::cli {
namespace {

constexpr auto kNickname = "default";

int generate_token(client::Api& api, const ResourceClassOptions& options,
                   std::optional<NewFile> file) {
  const auto token =
      create_token(api, {options.resource_class, kNickname, std::nullopt}, std::move(file));
  if (!token) return report(token.error().within("the class was created, but not its token"));
  if (!options.output.empty()) tell_token_file(*token, options.output);
  if (options.json) {
    fmt::print("{}\n", protocol::to_json(*token));
  } else if (options.output.empty()) {
    if (::isatty(STDOUT_FILENO) == 1) {
      fmt::print(stderr, "This token is shown once; keep it where its runners can read it:\n");
    }
    fmt::print("{}\n", token->token.value_or(""));
  }
  return 0;
}

int create(client::Api& api, const ResourceClassOptions& options) {
  auto file = prepare_token_file(options.output);
  if (!file) return report(file.error());
  const auto created = api.create_class(
      {options.resource_class, options.description, std::nullopt, options.max_requeues});
  if (!created) return report(created.error());
  if (options.generate_token) return generate_token(api, options, std::move(*file));
  if (options.json) {
    fmt::print("{}\n", protocol::to_json(*created));
  } else {
    fmt::print(stderr, "Created. A token for its runners: muster token create {} --output FILE\n",
               options.resource_class);
  }
  return 0;
}

int list(client::Api& api, const ResourceClassOptions& options) {
  const auto classes = options.namespace_filter.empty() ? api.all_classes()
                                                        : api.classes_of(options.namespace_filter);
  if (!classes) return report(classes.error());
  if (options.json) {
    fmt::print("{}\n", protocol::to_json(*classes));
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"RESOURCE CLASS", "MAX REQUEUES", "DESCRIPTION"}};
  for (const auto& item : classes->items) {
    rows.push_back(
        {item.resource_class, std::to_string(item.max_requeues.value_or(0)), item.description});
  }
  print_lines(client::table(rows));
  return 0;
}

Result<std::string> find_id(client::Api& api, const std::string& name) {
  const auto classes = api.classes_of(name.substr(0, name.find('/')));
  if (!classes) return classes.error();
  const auto found = std::find_if(classes->items.begin(), classes->items.end(),
                                  [&](const auto& item) { return item.resource_class == name; });
  if (found != classes->items.end()) return found->id;
  return Error{ErrorKind::not_found, fmt::format("there is no resource class {}", name)};
}

int remove(client::Api& api, const ResourceClassOptions& options) {
  const auto id = find_id(api, options.resource_class);
  if (!id) return report(id.error());
  const auto deleted = api.delete_class(*id, options.force);
  if (deleted) return 0;
  auto error = deleted.error();
  // Tasks in its queue are a conflict, too, and --force does not help there.
  if (error.kind == ErrorKind::conflict && error.message.ends_with("still has tokens")) {
    error.message += "; --force deletes them, too";
  }
  return report(error);
}

}  // namespace

int run(const ResourceClassOptions& options) {
  const auto access = find_access(options.client);
  if (!access) return report(access.error());
  client::Api api(*access);
  switch (options.action) {
    case ResourceClassOptions::Action::create:
      return create(api, options);
    case ResourceClassOptions::Action::remove:
      return remove(api, options);
    default:
      return list(api, options);
  }
}

}  // namespace muster::cli
