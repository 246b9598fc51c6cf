#pragma once

// Resource classes, and the tokens of people and classes.
//
// A token is random, shown once, and kept as a hash. `mup_` is a personal token, `muc_` belongs to
// a resource class. Belongs to one thread, inside its transaction; storage failures are thrown as
// db::Failure.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "db/database.hpp"
#include "protocol/messages.hpp"

namespace muster::store {

// "namespace/name" as CircleCI's runner provisioner defines it.
Result<void> check_resource_class_name(std::string_view name);

struct Credential {
  std::string token_id;
  std::string resource_class;  // empty: a personal token
  std::string nickname;
  protocol::Role role = protocol::Role::read;  // of a personal token
};

class Catalog {
 public:
  explicit Catalog(db::Database& database) : db_(&database) {}

  Result<protocol::ResourceClassItem> create_class(const protocol::NewResourceClass& wanted);
  // Of one namespace, or all of them.
  std::vector<protocol::ResourceClassItem> classes(const std::optional<std::string>& of_namespace);
  bool has_class(const std::string& name);
  // `force` deletes its tokens too. A class with tasks that are not final stays: conflict. Its
  // name.
  Result<std::string> delete_class(const std::string& id, bool force);

  // With an empty class a personal token. Only this answer holds the token.
  Result<protocol::TokenItem> create_token(const protocol::NewToken& wanted, WallTime now);
  std::vector<protocol::TokenItem> tokens(const std::string& resource_class);
  // A token of the right kind: personal ones are no business of the runner API, nor the reverse.
  // Whoever is signed in with it no longer is. What it was.
  Result<Credential> revoke_token(const std::string& id, bool personal);

  std::optional<Credential> authenticate(std::string_view token);
  std::optional<Credential> token(const std::string& id);

 private:
  db::Database* db_;
};

}  // namespace muster::store
