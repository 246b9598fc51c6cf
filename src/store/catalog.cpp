#include "store/catalog.hpp"

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace muster::store {
namespace {

constexpr std::size_t kLongestText = 500;
constexpr std::int64_t kMostRequeues = 10;
constexpr std::string_view kPersonalPrefix = "mup_";
constexpr std::string_view kClassPrefix = "muc_";
constexpr std::size_t kPrefixLength = 4;
constexpr std::size_t kLookupLength = 16;  // hex digits after the prefix: the public part

bool only(std::string_view text, std::string_view extra, bool upper_case) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (upper_case && c >= 'A' && c <= 'Z') || extra.find(c) != std::string_view::npos;
  });
}

// CircleCI's classes know nothing of it: said only where it was asked for.
std::optional<std::int64_t> unless_zero(std::int64_t count) {
  return count == 0 ? std::nullopt : std::optional(count);
}

// Of a row: id, resource_class, nickname, role.
Credential credential_of(const db::Rows& rows) {
  return {rows.text(0), rows.text(1), rows.text(2),
          protocol::role_of(rows.text(3)).value_or(protocol::Role::read)};
}

std::string lookup_of(std::string_view token) {
  return std::string(token.substr(0, std::min(token.size(), kPrefixLength + kLookupLength)));
}

}  // namespace

Result<void> check_resource_class_name(std::string_view name) {
  const auto slash = name.find('/');
  const bool good = slash != std::string_view::npos && name.size() <= 200 &&
                    only(name.substr(0, slash), "_-", false) &&
                    only(name.substr(slash + 1), "_-:+", true);
  if (good) return ok();
  return Error{ErrorKind::invalid,
               fmt::format("'{}' is not a resource class: write namespace/name, the namespace in "
                           "lower-case letters, digits, _ and -",
                           printable(name))};
}

Result<protocol::ResourceClassItem> Catalog::create_class(
    const protocol::NewResourceClass& wanted) {
  if (auto good = check_resource_class_name(wanted.resource_class); !good) return good.error();
  if (wanted.description.size() > kLongestText) {
    return Error{ErrorKind::invalid,
                 fmt::format("a description has at most {} bytes", kLongestText)};
  }
  if (wanted.max_requeues < 0 || wanted.max_requeues > kMostRequeues) {
    return Error{ErrorKind::invalid, fmt::format("max_requeues is from 0 to {}", kMostRequeues)};
  }
  if (has_class(wanted.resource_class)) {
    return Error{ErrorKind::conflict,
                 fmt::format("resource class {} exists already", wanted.resource_class)};
  }
  const auto id = new_uuid();
  db_->execute("INSERT INTO resource_class VALUES (?, ?, ?, ?)", id, wanted.resource_class,
               wanted.description, wanted.max_requeues);
  return protocol::ResourceClassItem{id, wanted.resource_class, wanted.description,
                                     unless_zero(wanted.max_requeues)};
}

std::vector<protocol::ResourceClassItem> Catalog::classes(
    const std::optional<std::string>& of_namespace) {
  std::vector<protocol::ResourceClassItem> items;
  const auto prefix = of_namespace ? *of_namespace + "/" : "";
  for (auto rows = db_->query("SELECT id, name, description, max_requeues FROM resource_class "
                              "WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
                              prefix);
       rows.next();) {
    items.push_back({rows.text(0), rows.text(1), rows.text(2), unless_zero(rows.integer(3))});
  }
  return items;
}

bool Catalog::has_class(const std::string& name) {
  return db_->query("SELECT 1 FROM resource_class WHERE name = ?", name).next();
}

Result<std::string> Catalog::delete_class(const std::string& id, bool force) {
  std::string name;
  {
    auto found = db_->query("SELECT name FROM resource_class WHERE id = ?", id);
    if (!found.next()) return Error{ErrorKind::not_found, "not found"};
    name = found.text(0);
  }
  if (db_->query("SELECT 1 FROM task WHERE resource_class = ? AND state IN ('queued', 'running') "
                 "LIMIT 1",
                 name)
          .next()) {
    return Error{ErrorKind::conflict,
                 "resource class still has queued or running tasks; wait until they have ended, or "
                 "cancel their pipelines"};
  }
  if (!force && db_->query("SELECT 1 FROM token WHERE resource_class = ?", name).next()) {
    return Error{ErrorKind::conflict, "resource class still has tokens"};
  }
  db_->execute("DELETE FROM token WHERE resource_class = ?", name);
  db_->execute("DELETE FROM runner WHERE resource_class = ?", name);
  db_->execute("DELETE FROM resource_class WHERE id = ?", id);
  return name;
}

Result<protocol::TokenItem> Catalog::create_token(const protocol::NewToken& wanted, WallTime now) {
  const bool personal = wanted.resource_class.empty();
  if (!personal && !has_class(wanted.resource_class)) {
    return Error{ErrorKind::not_found,
                 fmt::format("resource class {} does not exist", printable(wanted.resource_class))};
  }
  if (!personal && wanted.role) {
    return Error{ErrorKind::invalid, "a role is for a personal token: one of a class only claims"};
  }
  if (wanted.nickname.size() > kLongestText) {
    return Error{ErrorKind::invalid, fmt::format("a nickname has at most {} bytes", kLongestText)};
  }
  const auto token = fmt::format("{}{}", personal ? kPersonalPrefix : kClassPrefix, random_hex(32));
  const auto id = new_uuid();
  const auto owner = personal ? std::nullopt : std::optional(wanted.resource_class);
  const auto role =
      personal ? std::optional(wanted.role.value_or(protocol::Role::run)) : std::nullopt;
  const auto word = role ? std::optional(protocol::to_string(*role)) : std::nullopt;
  db_->execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?)", id, lookup_of(token),
               sha256_hex(token), owner, wanted.nickname, now, word);
  return protocol::TokenItem{id, wanted.resource_class, wanted.nickname, now, token, role};
}

std::vector<protocol::TokenItem> Catalog::tokens(const std::string& resource_class) {
  std::vector<protocol::TokenItem> items;
  for (auto rows = db_->query("SELECT id, nickname, created_at, role FROM token "
                              "WHERE coalesce(resource_class, '') = ? ORDER BY id",
                              resource_class);
       rows.next();) {
    items.push_back({rows.text(0), resource_class, rows.text(1), rows.time(2), std::nullopt,
                     protocol::role_of(rows.text(3))});
  }
  return items;
}

Result<Credential> Catalog::revoke_token(const std::string& id, bool personal) {
  auto revoked = token(id);
  if (!revoked || revoked->resource_class.empty() != personal) {
    return Error{ErrorKind::not_found, "not found"};
  }
  db_->execute("DELETE FROM token WHERE id = ?", id);
  return *std::move(revoked);
}

std::optional<Credential> Catalog::authenticate(std::string_view token) {
  auto rows =
      db_->query("SELECT id, resource_class, nickname, role, hash FROM token WHERE lookup = ?",
                 lookup_of(token));
  if (!rows.next() || !equal_in_constant_time(rows.text(4), sha256_hex(token))) return std::nullopt;
  return credential_of(rows);
}

std::optional<Credential> Catalog::token(const std::string& id) {
  auto rows = db_->query("SELECT id, resource_class, nickname, role FROM token WHERE id = ?", id);
  if (!rows.next()) return std::nullopt;
  return credential_of(rows);
}

}  // namespace muster::store
