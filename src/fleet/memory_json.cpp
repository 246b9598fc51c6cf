#include "fleet/memory_json.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <boost/json.hpp>

namespace muster::fleet {

namespace {

namespace json = boost::json;

std::int64_t millis(WallTime time) {
  return time.time_since_epoch().count();
}
json::value millis(const std::optional<WallTime>& time) {
  return time ? json::value(millis(*time)) : json::value();
}
std::int64_t number_of(const json::value& value) {
  return value.to_number<std::int64_t>();
}

// Whoever wrote it: sums with it must stay in what a number holds.
WallTime time_of(const json::value& value) {
  constexpr std::int64_t kLatest = 253'402'300'799'999;  // the end of the year 9999
  return WallTime(Millis(std::clamp(number_of(value), -kLatest, kLatest)));
}

json::value surplus(const std::optional<scaling::Surplus>& seen) {
  if (!seen) return {};
  return json::object{{"since_ms", millis(seen->since)}, {"least", seen->least}};
}

// [[until, amount], …]
json::array window(const scaling::Window& window) {
  json::array array;
  for (const auto& [until, amount] : window) array.push_back(json::array{millis(until), amount});
  return array;
}
scaling::Window window(const json::value& value) {
  scaling::Window window;
  for (const auto& used : value.as_array()) {
    window.push_back({time_of(used.at(0)), number_of(used.at(1))});
  }
  return window;
}

json::object times(const std::map<std::string, WallTime>& times) {
  json::object object;
  for (const auto& [id, at] : times) object[id] = millis(at);
  return object;
}
std::map<std::string, WallTime> times(const json::value& value) {
  std::map<std::string, WallTime> all;
  for (const auto& [id, at] : value.as_object()) all[id] = time_of(at);
  return all;
}

template <class Range>
json::array texts(const Range& range) {
  json::array array;
  for (const auto& each : range) array.push_back(json::string(each));
  return array;
}

// Throws what Boost.JSON throws of a value of another type.
template <class Use>
void with(const json::object& object, std::string_view name, Use use) {
  const auto* value = object.if_contains(json::string_view(name.data(), name.size()));
  if (value != nullptr && !value->is_null()) use(*value);
}

template <class Add>
void each_text(const json::object& object, std::string_view name, Add add) {
  with(object, name, [&](const json::value& value) {
    for (const auto& element : value.as_array()) add(std::string(element.as_string()));
  });
}

scaling::Spend spend(const json::object& object) {
  scaling::Spend spend;
  with(object, "used", [&](const auto& it) { spend.used = window(it); });
  with(object, "counted_until_ms", [&](const auto& it) { spend.counted_until = time_of(it); });
  with(object, "living", [&](const auto& it) { spend.living = number_of(it); });
  return spend;
}

scaling::Turnover turnover(const json::object& object) {
  scaling::Turnover turnover;
  with(object, "boot_ms", [&](const auto& it) { turnover.boot = Millis(number_of(it)); });
  with(object, "ended", [&](const auto& it) { turnover.ended = number_of(it); });
  with(object, "run_time_ms", [&](const auto& it) { turnover.run_time = number_of(it); });
  with(object, "recent", [&](const auto& it) { turnover.recent = window(it); });
  with(object, "waiting", [&](const auto& it) { turnover.waiting = window(it); });
  with(object, "counted_at_ms", [&](const auto& it) { turnover.counted_at = time_of(it); });
  with(object, "unclaimed", [&](const auto& it) { turnover.unclaimed = number_of(it); });
  with(object, "running", [&](const auto& it) { turnover.running = number_of(it); });
  return turnover;
}
json::object object(const scaling::Turnover& turnover) {
  return {{"boot_ms", turnover.boot.count()},    {"ended", turnover.ended},
          {"run_time_ms", turnover.run_time},    {"recent", window(turnover.recent)},
          {"waiting", window(turnover.waiting)}, {"counted_at_ms", millis(turnover.counted_at)},
          {"unclaimed", turnover.unclaimed},     {"running", turnover.running}};
}

json::array array(const std::vector<scaling::Shortage>& shortages) {
  json::array array;
  for (const auto& [group, refusals, until, why] : shortages) {
    array.push_back(json::object{{"group", json::string(group)},
                                 {"refusals", refusals},
                                 {"until_ms", millis(until)},
                                 {"why", json::string(why)}});
  }
  return array;
}
std::vector<scaling::Shortage> shortages(const json::value& value) {
  std::vector<scaling::Shortage> all;
  for (const auto& each : value.as_array()) {
    all.push_back({std::string(each.at("group").as_string()), number_of(each.at("refusals")),
                   time_of(each.at("until_ms")), std::string(each.at("why").as_string())});
  }
  return all;
}

json::object object(const std::map<std::string, std::string>& words) {
  json::object object;
  for (const auto& [name, text] : words) object[name] = json::string(text);
  return object;
}
std::map<std::string, std::string> words(const json::value& value) {
  std::map<std::string, std::string> all;
  for (const auto& [name, text] : value.as_object()) all[name] = std::string(text.as_string());
  return all;
}

ClassMemory read(const json::object& object) {
  ClassMemory memory;
  auto& state = memory.state;
  with(object, "failed_boots_in_a_row",
       [&](const auto& it) { state.failed_boots_in_a_row = number_of(it); });
  with(object, "backoff_until_ms", [&](const auto& it) { state.backoff_until = time_of(it); });
  with(object, "given_up_at_ms", [&](const auto& it) { state.given_up_at = time_of(it); });
  with(object, "reaped_at_ms", [&](const auto& it) { state.reaped_at = time_of(it); });
  with(object, "waiting_since_ms", [&](const auto& it) { state.waiting_since = time_of(it); });
  with(object, "quiet_since_ms", [&](const auto& it) { state.quiet_since = time_of(it); });
  with(object, "surplus", [&](const auto& it) {
    state.surplus = scaling::Surplus{time_of(it.at("since_ms")), number_of(it.at("least"))};
  });
  with(object, "launches", [&](const auto& it) { state.launches = window(it); });
  with(object, "drains", [&](const auto& it) { state.drains = window(it); });
  with(object, "spend", [&](const auto& it) { state.spend = spend(it.as_object()); });
  with(object, "turnover", [&](const auto& it) { state.turnover = turnover(it.as_object()); });
  with(object, "shortages", [&](const auto& it) { state.shortages = shortages(it); });
  with(object, "refused", [&](const auto& it) { memory.refused = words(it); });
  with(object, "told_refusals", [&](const auto& it) { memory.told_refusals = words(it); });
  with(object, "failed_launches", [&](const auto& it) { memory.failed_launches = number_of(it); });
  with(object, "unexplained_tasks",
       [&](const auto& it) { memory.unexplained_tasks = number_of(it); });
  each_text(object, "given_up", [&](std::string id) { state.given_up.push_back(std::move(id)); });
  each_text(object, "connected", [&](std::string id) { memory.connected.insert(std::move(id)); });
  with(object, "unlisted_ms", [&](const auto& it) { memory.unlisted = times(it); });
  with(object, "resource_class", [&](const auto& it) { memory.resource_class = it.as_string(); });
  each_text(object, "places",
            [&](std::string place) { memory.places.push_back(std::move(place)); });
  each_text(object, "anothers", [&](std::string id) { memory.anothers.insert(std::move(id)); });
  each_text(object, "doubtful", [&](std::string id) { memory.doubtful.insert(std::move(id)); });
  with(object, "first_seen_ms", [&](const auto& it) { memory.first_seen = times(it); });
  with(object, "last_pass_ms", [&](const auto& it) { memory.last_pass = time_of(it); });
  with(object, "expected_ms", [&](const auto& it) { memory.expected = times(it); });
  with(object, "told_failure", [&](const auto& it) { memory.told_failure = it.as_string(); });
  with(object, "ask_again_at_ms", [&](const auto& it) { memory.ask_again_at = time_of(it); });
  return memory;
}

}  // namespace

std::string to_json(const ClassMemory& memory) {
  const auto& state = memory.state;
  return json::serialize(json::object{{"failed_boots_in_a_row", state.failed_boots_in_a_row},
                                      {"backoff_until_ms", millis(state.backoff_until)},
                                      {"given_up_at_ms", millis(state.given_up_at)},
                                      {"reaped_at_ms", millis(state.reaped_at)},
                                      {"waiting_since_ms", millis(state.waiting_since)},
                                      {"quiet_since_ms", millis(state.quiet_since)},
                                      {"given_up", texts(state.given_up)},
                                      {"surplus", surplus(state.surplus)},
                                      {"launches", window(state.launches)},
                                      {"drains", window(state.drains)},
                                      {"spend",
                                       {{"used", window(state.spend.used)},
                                        {"counted_until_ms", millis(state.spend.counted_until)},
                                        {"living", state.spend.living}}},
                                      {"turnover", object(state.turnover)},
                                      {"shortages", array(state.shortages)},
                                      {"refused", object(memory.refused)},
                                      {"told_refusals", object(memory.told_refusals)},
                                      {"failed_launches", memory.failed_launches},
                                      {"unexplained_tasks", memory.unexplained_tasks},
                                      {"connected", texts(memory.connected)},
                                      {"unlisted_ms", times(memory.unlisted)},
                                      {"doubtful", texts(memory.doubtful)},
                                      {"resource_class", memory.resource_class},
                                      {"places", texts(memory.places)},
                                      {"anothers", texts(memory.anothers)},
                                      {"first_seen_ms", times(memory.first_seen)},
                                      {"last_pass_ms", millis(memory.last_pass)},
                                      {"expected_ms", times(memory.expected)},
                                      {"told_failure", memory.told_failure},
                                      {"ask_again_at_ms", millis(memory.ask_again_at)}});
}

Result<ClassMemory> memory_from_json(std::string_view text) {
  try {
    return read(json::parse(json::string_view(text.data(), text.size())).as_object());
  } catch (const boost::system::system_error& wrong) {  // its what() tells a place in Boost, too
    return Error{ErrorKind::invalid,
                 fmt::format("this is not what a scaler remembers: {}", wrong.code().message())};
  } catch (const std::exception& failure) {
    return Error{ErrorKind::invalid,
                 fmt::format("this is not what a scaler remembers: {}", failure.what())};
  }
}

}  // namespace muster::fleet
