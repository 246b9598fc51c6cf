#include "fleet/json.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "base/text.hpp"
#include "scaling/judge_demand.hpp"

namespace muster::fleet {

namespace {

namespace json = boost::json;
using namespace scaling;

// What came from outside may be no text at all, and would make the whole unreadable.
json::string text(std::string_view words) {
  return json::string(to_utf8(words));
}
json::value time(WallTime at) {
  return text(in_words(at));
}
json::value time(const std::optional<WallTime>& at) {
  return at ? time(*at) : json::value();
}

json::value number(const std::optional<std::int64_t>& count) {
  return count ? json::value(*count) : json::value();
}
json::value millis(const std::optional<Millis>& duration) {
  return duration ? json::value(duration->count()) : json::value();
}

json::array texts(const std::vector<std::string>& words) {
  json::array array;
  for (const auto& each : words) array.push_back(text(each));
  return array;
}

std::int64_t exact(std::int64_t count) {
  return std::clamp(count, -kMostExact, kMostExact);
}

json::object object(const Demand& demand) {
  if (const auto* unknown = std::get_if<DemandUnknown>(&demand)) {
    return {{"unknown", text(unknown->why)}};
  }
  const auto& reading = std::get<DemandReading>(demand);
  return {{"unclaimed", exact(reading.unclaimed)},
          {"running", exact(reading.running)},
          {"read_at", time(reading.read_at)}};
}

json::object object(const Foreseen& foreseen) {
  return {{"expected_at", time(foreseen.expected_at)},
          {"tasks", exact(foreseen.tasks)},
          {"freed", exact(foreseen.freed)}};
}

json::object object(const Instance& instance) {
  return {{"id", text(instance.id)},
          {"state", text(to_string(instance.state))},
          {"launched_at", time(instance.launched_at)},
          {"requested", instance.requested},
          {"group", instance.group},
          {"used_at", time(instance.used_at)},
          {"slots", instance.slots},
          {"running", instance.running}};
}

json::object object(const Group& group) {
  return {{"name", text(group.name)},
          {"most", group.most},
          {"came", group.came},
          {"refused", text(group.refused)}};
}

json::object object(const Shortage& shortage) {
  return {{"group", text(shortage.group)},
          {"refusals", shortage.refusals},
          {"until", time(shortage.until)},
          {"why", text(shortage.why)}};
}

json::object object(const Placed& placed) {
  return {{"group", text(placed.group)}, {"launch", placed.launch}, {"withdraw", placed.withdraw}};
}

json::value rate(const std::optional<Rate>& given) {
  if (!given) return {};
  return json::object{{"most", given->most}, {"per_ms", given->per.count()}};
}

json::value spend_cap(const std::optional<SpendCap>& cap) {
  if (!cap) return {};
  return json::object{{"instance_hours", cap->instance_hours}, {"per_ms", cap->per.count()}};
}

json::object object(const Policy& policy) {
  return {{"min", policy.min},
          {"max", policy.max},
          {"slots", policy.slots},
          {"headroom", policy.headroom},
          {"warm",
           {{"percent_of_busy", policy.warm.percent_of_busy},
            {"least", policy.warm.least},
            {"most", policy.warm.most}}},
          {"scale_in_delay_ms", millis(policy.scale_in_delay)},
          {"launch_rate", rate(policy.launch_rate)},
          {"scale_in_rate", rate(policy.scale_in_rate)},
          {"spend_cap", spend_cap(policy.spend_cap)},
          {"soon_free", policy.soon_free},
          {"foresight", policy.foresight},
          {"reuses", policy.reuses},
          {"boot_timeout_ms", policy.boot_timeout.count()},
          {"boot_backoff_first_ms", policy.boot_backoff_first.count()},
          {"boot_backoff_most_ms", policy.boot_backoff_most.count()},
          {"shortage_backoff_first_ms", policy.shortage_backoff_first.count()},
          {"shortage_backoff_most_ms", policy.shortage_backoff_most.count()},
          {"demand_max_age_ms", policy.demand_max_age.count()},
          {"reaps", policy.reaps},
          {"drains", policy.drains},
          {"withdraw_after", policy.withdraw_after},
          {"longest_life_ms", millis(policy.longest_life)}};
}

json::value surplus(const std::optional<Surplus>& seen) {
  if (!seen) return {};
  return json::object{{"since", time(seen->since)}, {"least", seen->least}};
}

json::array window(const Window& window) {
  json::array array;
  for (const auto& [until, amount] : window) {
    array.push_back(json::object{{"until", time(until)}, {"amount", amount}});
  }
  return array;
}

json::object object(const Turnover& turnover) {
  return {{"boot_ms", turnover.boot.count()},    {"ended", turnover.ended},
          {"run_time_ms", turnover.run_time},    {"recent", window(turnover.recent)},
          {"waiting", window(turnover.waiting)}, {"counted_at", time(turnover.counted_at)},
          {"unclaimed", turnover.unclaimed},     {"running", turnover.running}};
}

json::object object(const Counts& counts) {
  return {{"booting", counts.booting}, {"idle", counts.idle},         {"busy", counts.busy},
          {"spent", counts.spent},     {"draining", counts.draining}, {"lost", counts.lost},
          {"live", counts.live()}};
}

json::object object(const Reason& reason) {
  return {{"rule", text(to_string(reason.rule))},
          {"wanted", reason.wanted},
          {"allowed", reason.allowed},
          {"subject", text(reason.subject)},
          {"detail", text(reason.detail)},
          {"words", text(describe(reason))}};
}

template <class T>
json::array objects(const std::vector<T>& all) {
  json::array array;
  for (const auto& each : all) array.push_back(object(each));
  return array;
}

json::object object(const State& state) {
  return {{"failed_boots_in_a_row", state.failed_boots_in_a_row},
          {"backoff_until", time(state.backoff_until)},
          {"given_up", texts(state.given_up)},
          {"given_up_at", time(state.given_up_at)},
          {"reaped_at", time(state.reaped_at)},
          {"waiting_since", time(state.waiting_since)},
          {"quiet_since", time(state.quiet_since)},
          {"surplus", surplus(state.surplus)},
          {"launches", window(state.launches)},
          {"drains", window(state.drains)},
          {"spend",
           {{"used", window(state.spend.used)},
            {"counted_until", time(state.spend.counted_until)},
            {"living", state.spend.living}}},
          {"turnover", object(state.turnover)},
          {"shortages", objects(state.shortages)}};
}

json::value plan_share(const std::optional<PlanShare>& plan) {
  if (!plan) return {};
  return json::object{{"limit", plan->limit}, {"share", plan->share}};
}

json::object object(const Snapshot& snapshot) {
  return {{"now", time(snapshot.now)},
          {"demand", object(snapshot.demand)},
          {"foreseen", objects(snapshot.foreseen)},
          {"instances", objects(snapshot.instances)},
          {"groups", objects(snapshot.groups)},
          {"instances_unknown", text(snapshot.instances_unknown)},
          {"failed_boots", texts(snapshot.failed_boots)},
          {"unlisted_at_work", snapshot.unlisted_at_work},
          {"returned_boots", snapshot.returned_boots},
          {"schedule", text(snapshot.schedule)},
          {"policy_until", time(snapshot.policy_until)},
          {"failed_launches", snapshot.failed_launches},
          {"launch_trouble", text(snapshot.launch_trouble)},
          {"any_boot_succeeded", snapshot.any_boot_succeeded},
          {"boot_took_ms", millis(snapshot.boot_took)},
          {"policy", object(snapshot.policy)},
          {"place_max", number(snapshot.place_max)},
          {"state", object(snapshot.state)},
          {"plan_share", plan_share(snapshot.plan_share)}};
}

json::object object(const Decision& decision) {
  return {{"launch", decision.launch},
          {"drain", texts(decision.drain)},
          {"reap", texts(decision.reap)},
          {"withdraw", decision.withdraw},
          {"places", objects(decision.places)},
          {"desired", decision.desired},
          {"counts", object(decision.counts)},
          {"next", object(decision.next)},
          {"reasons", objects(decision.reasons)},
          {"revisit_at", time(decision.revisit_at)}};
}

}  // namespace

std::string_view to_string(InstanceState state) {
  switch (state) {
    case InstanceState::booting:
      return "booting";
    case InstanceState::idle:
      return "idle";
    case InstanceState::connected:
      return "connected";
    case InstanceState::busy:
      return "busy";
    case InstanceState::used:
      return "used";
    case InstanceState::spent:
      return "spent";
    case InstanceState::draining:
      return "draining";
    case InstanceState::lost:
      return "lost";
  }
  return "unknown";
}

std::string to_json(const Snapshot& snapshot) {
  return json::serialize(object(snapshot));
}
std::string to_json(const Decision& decision) {
  return json::serialize(object(decision));
}

std::string to_json(const ClassPass& pass) {
  return json::serialize(json::object{{"version", kRecordVersion},
                                      {"resource_class", text(pass.resource_class)},
                                      {"snapshot", object(pass.snapshot)},
                                      {"decision", object(pass.decision)}});
}

}  // namespace muster::fleet
