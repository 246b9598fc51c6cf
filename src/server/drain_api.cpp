// How an administrator has a runner take no further task, and forgets one that is gone.

#include "base/log.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/audit.hpp"
#include "server/router.hpp"

namespace muster::server {
namespace {

using protocol::Role;

// In the audit log, and on it once it is on the disk.
void tell(Call& call, const protocol::ChosenRunner& runner, std::string action,
          std::string in_words) {
  note(call, action, runner.name, runner.resource_class);
  call.store.after_commit([runner, in_words = std::move(in_words)] {
    log::info(in_words, {{"runner", runner.name}, {"class", runner.resource_class}});
  });
}

Result<Outcome> drain(Call& call) {
  const auto runner = body_of<protocol::ChosenRunner>(call);
  if (!runner) return runner.error();
  const auto is_new = call.store.runners().drain(runner->resource_class, runner->name);
  if (!is_new) return is_new.error();
  if (*is_new) tell(call, *runner, "runner.drained", "runner drained");
  return answer(202, protocol::Message{"Accepted."});
}

Result<Outcome> remove(Call& call) {
  const auto runner = body_of<protocol::ChosenRunner>(call);
  if (!runner) return runner.error();
  const auto is_new =
      call.store.runners().remove(runner->resource_class, runner->name, call.now.wall);
  if (!is_new) return is_new.error();
  if (*is_new) tell(call, *runner, "runner.removed", "runner removed");
  return answer(200, protocol::Message{"Deleted."});
}

}  // namespace

void add_drain_routes(Router& router) {
  router.add("POST", "/api/muster/v1/runners/drain", for_person(Role::admin, drain));
  router.add("POST", "/api/muster/v1/runners/remove", for_person(Role::admin, remove));
}

}  // namespace muster::server
