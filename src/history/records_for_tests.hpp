#pragma once

// Records of a world said in a few words.

#include <cctype>
#include <string>
#include <tuple>
#include <vector>

#include "fleet/json.hpp"
#include "fleet/loop.hpp"
#include "history/record.hpp"
#include "scaling/world_for_tests.hpp"

namespace muster::history {

using scaling::InstanceState;
using scaling::kNow;
using scaling::World;

inline fleet::ClassPass record_of(const World& world, std::string resource_class = "a/b") {
  return {std::move(resource_class), world.snapshot(), world.decide()};
}

// With something in every member that there is.
inline fleet::ClassPass full_record() {
  auto pass = record_of(World()
                            .demand(7, 2)
                            .with(1, InstanceState::booting)
                            .with(1, InstanceState::connected)
                            .with(1, InstanceState::used)
                            .with(1, InstanceState::draining)
                            .with(1, InstanceState::lost)
                            .requested(1)
                            .used(std::chrono::hours(1))
                            .by_schedule("night", std::chrono::hours(2))
                            .soon_free()
                            .foreseeing({{kNow + std::chrono::minutes(1), 3, 1}})
                            .headroom(1)
                            .warm({20, 1, 3})
                            .scaling_in_after(std::chrono::minutes(1))
                            .launching_at({5, std::chrono::minutes(2)})
                            .scaling_in_at({6, std::chrono::minutes(3)})
                            .spending_at_most({7, std::chrono::hours(4)})
                            .reaping()
                            .trouble("no \"capacity\"")
                            .ended_unseen({"i-9"})
                            .returned(1)
                            .refused_launches(2)
                            .in({{"spot", 3, true, "no room"}, {"reserve", 4}})
                            .moving({1, 2}, 1)
                            .booted());
  const auto [policy, state] = std::tie(pass.snapshot.policy, pass.snapshot.state);
  policy.drains = false;
  policy.withdraw_after = 4;
  policy.slots = 3;
  pass.snapshot.instances[0].slots = 2;
  pass.snapshot.instances[0].running = 1;
  policy.boot_backoff_first = Millis(11);
  policy.boot_backoff_most = Millis(12);
  policy.boot_timeout = Millis(13);
  policy.demand_max_age = Millis(14);
  policy.shortage_backoff_first = Millis(15);
  policy.shortage_backoff_most = Millis(16);
  state = {.failed_boots_in_a_row = 3,
           .backoff_until = kNow,
           .given_up = {"i-1"},
           .given_up_at = kNow,
           .reaped_at = kNow,
           .waiting_since = kNow,
           .quiet_since = kNow,
           .surplus = scaling::Surplus{kNow, 4},
           .launches = {{kNow, 5}},
           .drains = {{kNow, 7}},
           .spend = {{{kNow, 8}}, kNow, 9},
           .turnover = {Millis(10), 11, 12, {{kNow, 13}}, {{kNow, 14}}, kNow, 15, 16},
           .shortages = {{"spot", 18, kNow, "no room"}}};
  pass.snapshot.boot_took = Millis(17);
  pass.snapshot.unlisted_at_work = 1;
  pass.snapshot.instances_unknown = "no list";
  pass.snapshot.place_max = 4;
  pass.snapshot.plan_share = scaling::PlanShare{40, 4};
  pass.decision.launch = 1;
  pass.decision.drain = {"i-2"};
  pass.decision.reap = {"i-3"};
  pass.decision.withdraw = 1;
  pass.decision.places = {{"spot", 1, 2}};
  pass.decision.next = state;
  pass.decision.reasons[0].subject = "i-4";
  return pass;
}

// The same, but what is there can be listed.
inline fleet::ClassPass seeing_record() {
  auto record = full_record();
  record.snapshot.instances_unknown.clear();
  return record;
}

// The texts with each number and time of the record in turn as absurd as a reader lets through.
inline std::vector<std::string> absurd_ones(const std::string& text) {
  std::vector<std::string> all;
  for (auto at = text.find("\":"); at != std::string::npos; at = text.find("\":", at + 1)) {
    const auto from = at + 2;
    const auto put = [&](std::size_t size, const std::string& value) {
      auto absurd = text;
      all.push_back(absurd.replace(from, size, value));
    };
    if (text[from] == '-' || std::isdigit(static_cast<unsigned char>(text[from])) != 0) {
      const auto size = text.find_first_of(",}]", from) - from;
      for (const auto* value : {"-9007199254740992", "-1", "0", "1000", "9007199254740992"}) {
        put(size, value);
      }
    } else if (text.substr(from, 3) == "\"20") {
      const auto size = text.find('"', from + 1) + 1 - from;
      put(size, "\"0000-01-01T00:00:00Z\"");
      put(size, "\"9999-12-31T23:59:59.999Z\"");
    }
  }
  return all;
}

inline std::vector<fleet::ClassPass> absurd_records() {
  std::vector<fleet::ClassPass> records;
  for (const auto& record : {full_record(), seeing_record()}) {
    for (const auto& text : absurd_ones(fleet::to_json(record))) {
      if (const auto line = read_line(text)) records.push_back(line->records.at(0));
    }
  }
  return records;
}

}  // namespace muster::history
