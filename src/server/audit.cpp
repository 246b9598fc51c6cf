// The audit log: how a row comes into it, and how an administrator reads it.

#include "server/audit.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/router.hpp"

namespace muster::server {
namespace {

constexpr std::int64_t kMostItems = 100;

Result<Outcome> list_audit(Call& call) {
  const auto limit = parse_int(call.query("limit").value_or("")).value_or(kMostItems);
  const auto asked = call.query("before");
  const auto before = asked ? parse_int(*asked) : std::nullopt;
  if (asked && !before) return Error{ErrorKind::invalid, "before is the id of an item"};
  return answer(200, protocol::AuditList{call.store.audit().items(
                         std::clamp<std::int64_t>(limit, 1, kMostItems), before)});
}

}  // namespace

void note(Call& call, std::string_view action, const std::string& subject,
          const std::string& detail) {
  call.store.audit().add({call.person->nickname, call.person->token_id, call.request.peer,
                          std::string(action), subject, detail},
                         call.now.wall);
}

void add_audit_routes(Router& router) {
  router.add("GET", "/api/muster/v1/audit", for_person(protocol::Role::admin, list_audit));
}

}  // namespace muster::server
