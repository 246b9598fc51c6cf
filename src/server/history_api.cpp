// How a class's fleet was and what it cost, and what was decided about it.

#include <algorithm>

#include "base/text.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/router.hpp"

namespace muster::server {
namespace {

using protocol::Role;

constexpr std::int64_t kMostItems = 100;

Result<std::string> class_asked(Call& call) {
  const auto name = call.query("resource-class").value_or("");
  if (name.empty()) return Error{ErrorKind::invalid, "name a class: resource-class=namespace/name"};
  if (call.store.catalog().has_class(name)) return name;
  return Error{ErrorKind::not_found, "resource class not found"};
}

Result<Outcome> show_history(Call& call) {
  const auto name = class_asked(call);
  if (!name) return name.error();
  const auto span = store::span_of(call.query("span").value_or("hour"));
  if (!span) return Error{ErrorKind::invalid, "span is one of hour, day, week, month"};
  return answer(200, call.store.fleet_history().history(*name, *span, call.now));
}

Result<Outcome> list_decisions(Call& call) {
  const auto name = class_asked(call);
  if (!name) return name.error();
  const auto limit = parse_int(call.query("limit").value_or("")).value_or(kMostItems);
  const auto asked = call.query("before");
  const auto before = asked ? parse_int(*asked) : std::nullopt;
  if (asked && !before) return Error{ErrorKind::invalid, "before is the id of an item"};
  return answer(200, protocol::FleetDecisions{call.store.decisions().items(
                         *name, std::clamp<std::int64_t>(limit, 1, kMostItems), before)});
}

}  // namespace

void add_history_routes(Router& router) {
  router.add("GET", "/api/muster/v1/fleet/history", for_person(Role::read, show_history));
  router.add("GET", "/api/muster/v1/fleet/decisions", for_person(Role::read, list_decisions));
}

}  // namespace muster::server
