// The runner API as CircleCI answers it. Source of paths, shapes and texts: CircleCI's runner API
// reference and its CLI.

#include <fmt/core.h>

#include "base/log.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/audit.hpp"
#include "server/router.hpp"

namespace muster::server {
namespace {

using protocol::Role;

// The class that the query names and that exists.
Result<std::string> known_class(const Call& call) {
  const auto name = call.query("resource-class");
  if (!name || name->empty()) {
    return Error{ErrorKind::invalid, "must specify resource-class"};
  }
  if (!call.store.catalog().has_class(*name)) {
    return Error{ErrorKind::not_found, "resource class not found"};
  }
  return *name;
}

Result<Outcome> unclaimed_tasks(Call& call) {
  const auto name = known_class(call);
  if (!name) return name.error();
  return answer(200, protocol::UnclaimedTasks{call.store.queue().unclaimed(*name)});
}

Result<Outcome> running_tasks(Call& call) {
  const auto name = known_class(call);
  if (!name) return name.error();
  return answer(200, protocol::RunningTasks{call.store.queue().running(*name)});
}

bool is_other_organization(const Call& call, const std::optional<std::string>& org_id) {
  return org_id && *org_id != call.store.organization();
}

Result<Outcome> list_runners(Call& call) {
  const store::RunnerFilter filter{call.query("resource-class"), call.query("namespace")};
  const auto org_id = call.query("org-id");
  if (!filter.resource_class && !filter.of_namespace && !org_id) {
    return Error{ErrorKind::invalid, "must specify one of org-id, resource-class, or namespace"};
  }
  if (is_other_organization(call, org_id)) return answer(200, protocol::RunnerList{});
  return answer(200, protocol::RunnerList{call.store.runners().list(filter, call.now.wall)});
}

Result<Outcome> list_classes(Call& call) {
  const auto of_namespace = call.query("namespace");
  const auto org_id = call.query("org-id");
  if (!of_namespace && !org_id) {
    return Error{ErrorKind::invalid, "must specify one of org-id or namespace"};
  }
  if (is_other_organization(call, org_id)) return answer(200, protocol::ResourceClassList{});
  return answer(200, protocol::ResourceClassList{call.store.catalog().classes(of_namespace)});
}

Result<Outcome> create_class(Call& call) {
  const auto wanted = body_of<protocol::NewResourceClass>(call);
  if (!wanted) return wanted.error();
  const auto made = call.store.catalog().create_class(*wanted);
  if (!made) return made.error();
  note(call, "class.created", made->resource_class);
  call.store.fleet_changed();
  call.store.after_commit([name = made->resource_class] {
    log::info("resource class created", {{"class", name}});
  });
  return answer(201, *made);
}

// Version 2 answered a deletion without a body.
net::Response deleted(const Call& call) {
  return call.request.path.starts_with("/api/v2/") ? no_content()
                                                   : answer(200, protocol::Message{"Deleted."});
}

Handler delete_class(bool force) {
  return [force](Call& call) -> Result<Outcome> {
    const auto gone = call.store.catalog().delete_class(call.parameter("id"), force);
    if (!gone) return gone.error();
    call.store.fleet_history().forget(*gone);
    call.store.decisions().forget(*gone);
    note(call, "class.deleted", *gone, force ? "with its tokens" : "");
    call.store.fleet_changed();
    call.store.after_commit([id = call.parameter("id")] {
      log::info("resource class deleted", {{"id", id}});
    });
    return deleted(call);
  };
}

Result<Outcome> list_tokens(Call& call) {
  const auto name = known_class(call);
  if (!name) return name.error();
  return answer(200, protocol::TokenList{call.store.catalog().tokens(*name)});
}

std::string words_of(const std::string& resource_class, const std::string& nickname,
                     std::optional<Role> role) {
  const auto kind = role ? fmt::format("personal, {}", to_string(*role)) : resource_class;
  return nickname.empty() ? kind : fmt::format("{}, {}", kind, nickname);
}

Result<Outcome> give_token(Call& call, const protocol::NewToken& wanted) {
  const auto made = call.store.catalog().create_token(wanted, call.now.wall);
  if (!made) return made.error();
  note(call, "token.created", made->id,
       words_of(made->resource_class, wanted.nickname, made->role));
  call.store.after_commit(
      [id = made->id, resource_class = made->resource_class, nickname = made->nickname] {
        log::info("token created", {{"id", id}, {"class", resource_class}, {"nickname", nickname}});
      });
  return answer(201, *made);
}

Result<Outcome> create_token(Call& call) {
  const auto wanted = body_of<protocol::NewToken>(call);
  if (!wanted) return wanted.error();
  if (wanted->resource_class.empty()) {
    return Error{ErrorKind::invalid, "must specify resource_class"};
  }
  return give_token(call, *wanted);
}

Result<Outcome> list_personal_tokens(Call& call) {
  return answer(200, protocol::TokenList{call.store.catalog().tokens("")});
}

Result<Outcome> create_personal_token(Call& call) {
  const auto wanted = body_of<protocol::NewToken>(call);
  if (!wanted) return wanted.error();
  if (!wanted->resource_class.empty()) {
    return Error{ErrorKind::invalid, "a personal token has no resource_class"};
  }
  return give_token(call, *wanted);
}

Handler revoke_token(bool personal) {
  return [personal](Call& call) -> Result<Outcome> {
    const auto gone = call.store.catalog().revoke_token(call.parameter("id"), personal);
    if (!gone) return gone.error();
    note(call, "token.revoked", gone->token_id,
         words_of(gone->resource_class, gone->nickname,
                  personal ? std::optional(gone->role) : std::nullopt));
    call.store.after_commit([id = call.parameter("id")] {
      log::info("token revoked", {{"id", id}});
    });
    return deleted(call);
  };
}

}  // namespace

void add_runner_routes(Router& router) {
  for (const std::string base : {"/api/v3/runner", "/api/v2/runner"}) {
    router.add("GET", base, for_person(Role::read, list_runners));
    router.add("GET", base + "/tasks", for_person(Role::read, unclaimed_tasks));
    router.add("GET", base + "/tasks/running", for_person(Role::read, running_tasks));
    router.add("GET", base + "/resource", for_person(Role::read, list_classes));
    router.add("POST", base + "/resource", for_person(Role::admin, create_class));
    router.add("DELETE", base + "/resource/{id}", for_person(Role::admin, delete_class(false)));
    router.add("DELETE", base + "/resource/{id}/force",
               for_person(Role::admin, delete_class(true)));
    router.add("GET", base + "/token", for_person(Role::read, list_tokens));
    router.add("POST", base + "/token", for_person(Role::admin, create_token));
    router.add("DELETE", base + "/token/{id}", for_person(Role::admin, revoke_token(false)));
  }
  router.add("GET", "/api/v2/tasks", for_person(Role::read, unclaimed_tasks));
  router.add("GET", "/api/v2/tasks/running", for_person(Role::read, running_tasks));

  router.add("GET", "/api/muster/v1/token", for_person(Role::read, list_personal_tokens));
  router.add("POST", "/api/muster/v1/token", for_person(Role::admin, create_personal_token));
  router.add("DELETE", "/api/muster/v1/token/{id}", for_person(Role::admin, revoke_token(true)));
}

}  // namespace muster::server
