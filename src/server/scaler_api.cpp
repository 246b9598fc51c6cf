// What a scaler asks and reports, and what people see of it.

#include <utility>

#include "base/text.hpp"
#include "base/version.hpp"
#include "protocol/messages.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/router.hpp"
#include "server/topics.hpp"

namespace muster::server {
namespace {

using protocol::Role;

constexpr std::size_t kMostClasses = 1'000;

// A contact alone is no news: who is there, who is busy and what waits are.
template <class Reading>
std::string version_without_contacts(Reading reading) {
  for (auto& one : reading.classes) {
    for (auto& runner : one.runners) runner.last_connected = WallTime{};
  }
  return version_of(protocol::to_json(reading));
}

Result<Outcome> demand(Call& call) {
  const auto names = net::query_values(call.request.query, "resource-class");
  if (names.empty() || names.size() > kMostClasses) {
    return Error{ErrorKind::invalid, "name 1 to 1000 classes: resource-class=namespace/name"};
  }
  protocol::Demand reading;
  std::vector<std::string> topics;
  for (const auto& name : names) {
    if (!call.store.catalog().has_class(name)) {
      return Error{ErrorKind::not_found, "resource class not found: " + printable(name)};
    }
    reading.classes.push_back(call.store.queue().demand(name, call.now.wall));
    topics.push_back(topic::demand(name));
  }
  reading.version = version_without_contacts(reading);
  const auto patience = patience_left(call, wait_asked(call));
  if (patience > Millis(0) && call.query("seen") == reading.version) {
    return Park{std::move(topics), patience};
  }
  if (call.query("others") == "true") {
    reading.others = call.store.runners().active_elsewhere(names, call.now.wall);
  }
  return answer(200, reading);
}

Result<void> check(const protocol::ClassFleet& fleet) {
  const auto price = fleet.price_per_hour.value_or(protocol::Money());
  if (price < protocol::Money() || price > protocol::kMostPrice) {
    return Error{ErrorKind::invalid, "price_per_hour is from 0 to 10000"};
  }
  if (fleet.currency.value_or("").size() > protocol::kLongestCurrency) {
    return Error{ErrorKind::invalid, "currency has at most 8 bytes"};
  }
  if (fleet.decisions && fleet.decisions->size() > protocol::kMostDecisions) {
    return Error{ErrorKind::invalid, "decisions of a class are at most 50 in one report"};
  }
  return ok();
}

Result<Outcome> report_fleet(Call& call) {
  auto report = body_of<protocol::FleetReport>(call);
  if (!report) return report.error();
  for (const auto& fleet : report->classes) {
    if (auto good = check(fleet); !good) return good.error();
  }
  // One that was deleted, or is not made yet, hides no other.
  std::erase_if(report->classes, [&](const protocol::ClassFleet& fleet) {
    return !call.store.catalog().has_class(fleet.resource_class);
  });
  for (auto& fleet : report->classes) {
    const auto decided = std::exchange(fleet.decisions, std::nullopt);
    if (decided) call.store.decisions().add(fleet.resource_class, *decided);
    call.store.fleet_history().report(fleet, call.now);
    call.board[fleet.resource_class] = {fleet, call.now.wall};
  }
  call.store.fleet_changed();
  return no_content();
}

Result<Outcome> show_fleet(Call& call) {
  return answer_when_new(call, fleet_status(call), {topic::fleet()});
}

Result<Outcome> health(Call&) {
  return answer(200, protocol::Health{"ok", std::string(version())});
}

}  // namespace

protocol::FleetStatus fleet_status(Call& call) {
  protocol::FleetStatus status;
  auto census = call.store.queue().census();  // of all at once: there may be very many classes
  for (const auto& item : call.store.catalog().classes(std::nullopt)) {
    const auto& name = item.resource_class;
    const auto& counted = census[name];
    protocol::ClassStatus one{name, counted.queued, counted.running, {}, {}};
    if (const auto posted = call.board.find(name); posted != call.board.end()) {
      one.fleet = posted->second.fleet;
      one.reported_at = posted->second.at;
    }
    status.classes.push_back(std::move(one));
  }
  return status;
}

void add_scaler_routes(Router& router) {
  router.add("GET", "/api/muster/v1/demand", for_person(Role::read, demand));
  router.add("PUT", "/api/muster/v1/fleet", for_person(Role::run, report_fleet));
  router.add("GET", "/api/muster/v1/fleet", for_person(Role::read, show_fleet));
  router.add("GET", "/api/muster/v1/health", health);
}

}  // namespace muster::server
