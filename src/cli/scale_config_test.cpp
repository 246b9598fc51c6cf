#include "cli/scale_config.hpp"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "agent/settings.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/scale_config_for_tests.hpp"

namespace muster::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(ScaleConfig, ReadsEveryKeyAndFillsInTheRest) {
  ASSERT_THAT(problems_of(kWhole), IsEmpty());
  const auto read = parse_scale_config(kWhole, "/srv/muster");
  const auto* config = &std::get<ScaleConfig>(read);
  const auto& server = std::get<demand::ServerAccess>(config->queue);
  EXPECT_EQ(server.url, "http://127.0.0.1:8480");
  EXPECT_EQ(server.token_file, "/srv/muster/token");
  EXPECT_EQ(config->state_directory, "/srv/muster/scaler");
  ASSERT_EQ(config->classes.size(), 2U);
  const auto& [small, small_capacity] = config->classes[0];
  const auto& small_agent = std::get<capacity::AgentSettings>(small_capacity);
  EXPECT_EQ(small.name, "local/small");
  EXPECT_EQ(small.policy.min, 1);
  EXPECT_EQ(small.policy.max, 4);
  EXPECT_EQ(small.policy.slots, 3);
  EXPECT_EQ(small_agent.slots, 3);
  EXPECT_EQ(small.policy.headroom, 2);
  EXPECT_EQ(small.policy.warm.percent_of_busy, 20);
  EXPECT_EQ(small.policy.warm.least, 1);
  EXPECT_EQ(small.policy.warm.most, 3);
  EXPECT_EQ(small.policy.spend_cap->instance_hours, 100);
  EXPECT_EQ(small.policy.spend_cap->per, std::chrono::hours(24));
  EXPECT_EQ(small.policy.launch_rate->most, 20);
  EXPECT_EQ(small.policy.launch_rate->per, std::chrono::minutes(2));
  EXPECT_EQ(small.policy.scale_in_rate->most, 5);
  EXPECT_EQ(small.policy.scale_in_rate->per, std::chrono::seconds(90));
  EXPECT_EQ(small.policy.scale_in_delay, std::chrono::seconds(30));
  EXPECT_EQ(small.policy.boot_timeout, std::chrono::minutes(2));
  EXPECT_EQ(small_agent.token_file, "/srv/muster/small.token");
  EXPECT_EQ(small_agent.server_url, "http://127.0.0.1:8480");
  EXPECT_FALSE(small_agent.single_task);
  EXPECT_EQ(small_agent.idle_timeout, std::chrono::seconds(20));
  EXPECT_EQ(small_agent.max_run_time, std::chrono::hours(1));
  EXPECT_EQ(small_agent.idle_after_task, Millis(0));
  EXPECT_EQ(small_agent.recycling.after, std::chrono::hours(12));
  EXPECT_EQ(small_agent.recycling.after_tasks, 50);
  const auto& [large, large_capacity] = config->classes[1];
  const auto& large_agent = std::get<capacity::AgentSettings>(large_capacity);
  EXPECT_EQ(large.policy.min, 0);
  EXPECT_EQ(large.policy.headroom, 0);
  EXPECT_EQ(large.policy.slots, 1);
  EXPECT_EQ(large_agent.slots, 1);
  EXPECT_EQ(warm_target(large.policy.warm, 9), 0);
  EXPECT_FALSE(large.policy.scale_in_delay);
  EXPECT_EQ(large.policy.boot_timeout, std::chrono::minutes(1));
  EXPECT_EQ(large_agent.token_file, "/etc/large.token");
  EXPECT_TRUE(large_agent.single_task);
  EXPECT_EQ(large_agent.idle_timeout, std::chrono::seconds(10));
  EXPECT_EQ(large_agent.max_run_time, std::chrono::hours(5));
  EXPECT_FALSE(large_agent.idle_after_task);
  EXPECT_FALSE(large_agent.recycling.after || large_agent.recycling.after_tasks);
}

// Who ends idle instances: they themselves soon, or the scaler.
TEST(ScaleConfig, ReadsSchedules) {
  const auto config = std::get<ScaleConfig>(parse_scale_config(kWhole, "/srv"));
  const auto& schedules = config.classes.at(0).managed.schedules;
  ASSERT_EQ(schedules.size(), 2U);
  EXPECT_EQ(schedules[0].name, "office hours");
  EXPECT_EQ(schedules[0].start.text(), "0 8 * * mon-fri");
  EXPECT_EQ(schedules[0].zone.name(), "Europe/Berlin");
  EXPECT_EQ(schedules[0].max, 9);
  EXPECT_EQ(schedules[0].warm->least, 5);
  EXPECT_EQ(schedules[0].min, std::nullopt);
  EXPECT_EQ(schedules[1].zone.name(), "UTC");
  EXPECT_EQ(schedules[1].min, 0);
}

TEST(ScaleConfig, ReadsWhatInstancesCost) {
  const auto text = [](std::string_view top, std::string_view keys) {
    return fmt::format(
        "server: {{url: http://127.0.0.1:1, token_file: t}}\nstate_directory: scaler\n{}"
        "resource_classes:\n  acme/one: {{max: 1, {}local: {{token_file: t}}}}\n",
        top, keys);
  };
  const auto prices = [&](std::string_view top, std::string_view keys) {
    return std::get<ScaleConfig>(parse_scale_config(text(top, keys), "/")).prices;
  };
  using fleet::Price;
  using fleet::Prices;
  EXPECT_EQ(prices("", ""), Prices{});
  EXPECT_EQ(prices("", "price_per_hour: 0.0416, "), (Prices{{"acme/one", Price{41'600, "USD"}}}));
  EXPECT_EQ(prices("currency: EUR\n", "price_per_hour: 10000, "),
            (Prices{{"acme/one", Price{10'000'000'000, "EUR"}}}));
  EXPECT_EQ(prices("currency: EUR\n", "price_per_hour: 0, currency: ¥, "),
            (Prices{{"acme/one", Price{0, "¥"}}}));
  for (const auto* wrong : {"-1", "10000.01", "0.0000001", "'1'", "1e3", "cheap", "[1]"}) {
    EXPECT_THAT(problems_of(text("", fmt::format("price_per_hour: {}, ", wrong))),
                ElementsAre(HasSubstr("expected a price of an instance-hour")))
        << wrong;
  }
  for (const auto* wrong : {"''", "EUROPOUND", "\"\\e[2J\""}) {
    EXPECT_THAT(problems_of(text("", fmt::format("currency: {}, ", wrong))),
                ElementsAre(HasSubstr("expected a word such as USD")))
        << wrong;
  }
}

TEST(ScaleConfig, InstancesThatAreKeptDoNotEndByThemselves) {
  const auto large_with = [](std::string_view keys) {
    std::string text(kWhole);
    text.replace(text.find("    max: 2\n"), 11, fmt::format("    max: 2\n{}", keys));
    EXPECT_THAT(problems_of(text), IsEmpty());
    const auto config = std::get<ScaleConfig>(parse_scale_config(text, "/"));
    const auto& large = config.classes.at(1);
    return std::pair(large.managed.policy.scale_in_delay,
                     std::get<capacity::AgentSettings>(large.capacity).idle_timeout);
  };
  const std::pair kept(std::optional<Millis>(std::chrono::minutes(1)),
                       Millis(std::chrono::hours(1)));
  EXPECT_EQ(large_with("    warm: 1\n"), kept);
  EXPECT_EQ(large_with("    headroom: 1\n"), kept);
  EXPECT_EQ(large_with("    min: 1\n"), kept);
  EXPECT_EQ(large_with("    scale_in_delay: 1m\n"), kept);
  EXPECT_EQ(large_with("    warm: 0\n").second, Millis(std::chrono::seconds(10)));
}

// A runner does not know whether the others of its instance are idle.
TEST(ScaleConfig, InstancesOfSeveralSlotsTakeTaskAfterTaskAndAreAskedToEnd) {
  const auto text = [](std::string_view keys, std::string_view where) {
    return fmt::format(
        "server: {{url: http://127.0.0.1:1, token_file: t}}\nstate_directory: scaler\n"
        "resource_classes:\n  acme/one: {{max: 1, {}{}}}\n",
        keys, where);
  };
  const auto read = [&](std::string_view keys, std::string_view where) {
    return std::get<ScaleConfig>(parse_scale_config(text(keys, where), "/")).classes.at(0);
  };
  constexpr auto kLocal = "local: {token_file: t, mode: continuous}";
  constexpr auto kProgram = "command: {program: [p], mode: continuous}";
  constexpr auto kGroup = "auto_scaling_group: {name: g, mode: continuous}";
  const auto several = read("slots: 2, ", kLocal);
  EXPECT_EQ(several.managed.policy.scale_in_delay, std::chrono::minutes(1));
  EXPECT_EQ(std::get<capacity::AgentSettings>(several.capacity).idle_timeout,
            std::chrono::hours(1));
  EXPECT_FALSE(read("slots: 1, ", kLocal).managed.policy.scale_in_delay);
  EXPECT_EQ(read("slots: 2, ", kProgram).managed.policy.scale_in_delay, std::chrono::minutes(1));
  EXPECT_FALSE(read("slots: 2, ", kGroup).managed.policy.scale_in_delay);
  EXPECT_EQ(read("slots: 2, ", kGroup).managed.policy.slots, 2);
  EXPECT_THAT(problems_of(text("slots: 1, ", "local: {token_file: t}")), IsEmpty());
  EXPECT_THAT(
      problems_of(text("slots: 2, ", "local: {token_file: t}")),
      ElementsAre("f:4:22: resource_classes.acme/one.slots: are for 'mode: continuous', as a "
                  "single-task instance runs one task and ends: set the mode, or remove it"));
}

TEST(ScaleConfig, WhatWillSoonBeFreeIsCountedWhereItTakesAnotherTask) {
  const auto text = [](std::string_view key, std::string_view mode) {
    return fmt::format(
        "circleci: {{token_variable: TOKEN}}\nstate_directory: scaler\n"
        "resource_classes:\n  acme/one: {{max: 1, {}auto_scaling_group: {{name: r, mode: {}}}}}\n",
        key, mode);
  };
  const auto counts = [&](std::string_view key, std::string_view mode) {
    const auto config = std::get<ScaleConfig>(parse_scale_config(text(key, mode), "/"));
    return config.classes.at(0).managed.policy.soon_free;
  };
  EXPECT_TRUE(counts("", "continuous"));
  EXPECT_FALSE(counts("soon_free: false, ", "continuous"));
  EXPECT_FALSE(counts("", "single-task"));
  EXPECT_THAT(problems_of(text("soon_free: true, ", "single-task")),
              ElementsAre("f:4:22: resource_classes.acme/one.soon_free: is for 'mode: continuous', "
                          "as a single-task instance is never free again: remove it"));
}

// Idle ones are then asked to end by the scaler, and not by their own time-out while they wait for
// what is expected.
TEST(ScaleConfig, ForesightIsForAServersQueue) {
  const auto of_server = [](std::string_view key) {
    const auto text = fmt::format(
        "server: {{url: http://127.0.0.1:1, token_file: t}}\nstate_directory: scaler\n"
        "resource_classes:\n  acme/one: {{max: 1, {}local: {{token_file: t}}}}\n",
        key);
    return std::get<ScaleConfig>(parse_scale_config(text, "/")).classes.at(0);
  };
  const auto with = of_server("foresight: true, ");
  EXPECT_TRUE(with.managed.policy.foresight);
  EXPECT_EQ(with.managed.policy.scale_in_delay, std::chrono::minutes(1));
  EXPECT_EQ(std::get<capacity::AgentSettings>(with.capacity).idle_timeout, std::chrono::hours(1));
  const auto without = of_server("");
  EXPECT_FALSE(without.managed.policy.foresight);
  EXPECT_FALSE(without.managed.policy.scale_in_delay);
  EXPECT_THAT(problems_of("circleci: {token_variable: TOKEN}\nstate_directory: scaler\n"
                          "resource_classes:\n  acme/one: {max: 1, foresight: true, "
                          "auto_scaling_group: {name: r}}\n"),
              ElementsAre("f:4:22: resource_classes.acme/one.foresight: is for the queue of a "
                          "'server', as no other one tells which tasks are blocked: remove it"));
}

TEST(ScaleConfig, TheAddressNeedsNoScheme) {
  std::string text(kWhole);
  text.erase(text.find("http://"), 7);
  const auto config = std::get<ScaleConfig>(parse_scale_config(text, "/"));
  EXPECT_EQ(std::get<demand::ServerAccess>(config.queue).url, "http://127.0.0.1:8480");
  const auto& agent = std::get<capacity::AgentSettings>(config.classes.front().capacity);
  EXPECT_EQ(agent.server_url, "http://127.0.0.1:8480");
}

TEST(ScaleConfig, TheServersAuthoritiesAreThoseOfLocalInstancesToo) {
  std::string text(kWhole);
  text.insert(text.find("  token_file"), "  ca_file: ca.crt\n");
  const auto config = std::get<ScaleConfig>(parse_scale_config(text, "/srv/muster"));
  EXPECT_EQ(std::get<demand::ServerAccess>(config.queue).authorities.file, "/srv/muster/ca.crt");
  const auto& agent = std::get<capacity::AgentSettings>(config.classes.front().capacity);
  EXPECT_EQ(agent.ca_file, "/srv/muster/ca.crt");
  EXPECT_THAT(capacity::agent_config(agent, "muc_1", "one", "/w"),
              HasSubstr("\n  ca_file: \"/srv/muster/ca.crt\"\nrunner:\n"));
  const auto plain = std::get<ScaleConfig>(parse_scale_config(kWhole, "/srv/muster"));
  EXPECT_THAT(
      capacity::agent_config(std::get<capacity::AgentSettings>(plain.classes.front().capacity),
                             "muc_1", "one", "/w"),
      Not(HasSubstr("ca_file")));
}

struct Refusal {
  std::string_view from;
  std::string_view to;
  std::string_view told;
};

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, NameTheKey) {
  const auto& [from, to, told] = GetParam();
  std::string text(kWhole);
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, from.size(), to);
  EXPECT_THAT(problems_of(text), Contains(HasSubstr(told)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refusals,
    testing::Values(
        Refusal{"    max: 4", "    maxx: 4", "maxx"}, Refusal{"    max: 4\n", "", "max"},
        Refusal{"min: 1", "min: 5", ".min: is 5, and must not be above max, which is 4"},
        Refusal{"min: 1", "min: -1", "min"},
        Refusal{"local/small", "small", "'small' is not a resource class"},
        Refusal{"local/small", "local/sm all",
                "resource_classes: 'local/sm all' is not a resource class: write namespace/name, "
                "the namespace of lower-case letters"},
        Refusal{"local/small", "Local/small", "'Local/small' is not a resource class"},
        Refusal{"http://", "ftp://", "'ftp://127.0.0.1:8480' is no address of a server"},
        Refusal{"http://", "http://user:pw@", "server.url: has a user or password"},
        Refusal{"127.0.0.1:8480\n", "127.0.0.1:8480/api\n",
                "server.url: has a path behind the server: write http://127.0.0.1:8480 alone"},
        Refusal{"headroom: 2", "headroom: 1001",
                "headroom: expected a whole number from 0 to 1000"},
        Refusal{"of_busy: 20%", "of_busy: 20",
                "warm.of_busy: expected a share from 1% to 1000%, found '20'"},
        Refusal{"of_busy: 20%, ", "", "warm: 'of_busy' is missing"},
        Refusal{"of_busy: 20%", "of_busy: 20%, leest: 1", "did you mean 'least'"},
        Refusal{"least: 1", "least: 4",
                "warm.least: is 4, and must not be above 'most', which is 3"},
        Refusal{"warm: {of_busy: 20%, least: 1, most: 3}", "warm: -1",
                "warm: expected a whole number from 0 to 1000, or {of_busy: 20%, least: 1, most: "
                "5}, found '-1'"},
        Refusal{"warm: {of_busy: 20%, least: 1, most: 3}", "warm: 200%",
                "warm: expected a whole number from 0 to 1000, or {of_busy: 20%, least: 1, most: "
                "5}, found '200%'"},
        Refusal{"scale_in_delay: 30s", "scale_in_delay: 9000h",
                "scale_in_delay: expected a duration from 1s to 8760h, such as 30s, 10m or 1h30m, "
                "found '9000h'"},
        Refusal{"launches: 20", "launches: -1",
                "launch_rate.launches: expected a whole number from 1 to 1000, found '-1'"},
        Refusal{"launches: 20", "drains: 20", "unknown key 'drains'"},
        Refusal{"{drains: 5, per: 90s}", "{drains: 5}", "scale_in_rate: 'per' is missing"},
        Refusal{
            "per: 90s", "per: 1ms",
            "per: expected a duration from 1s to 8760h, such as 30s, 10m or 1h30m, found '1ms'"},
        Refusal{"instance_hours: 100", "instance_hours: 0",
                "spend_cap.instance_hours: expected a whole number from 1 to 10000000, found '0'"},
        Refusal{"per: 24h", "per: 5m",
                "per: expected a duration from 1h to 8760h, such as 30s, 10m or 1h30m, found '5m'"},
        Refusal{"mon-fri", "mon-fry",
                "schedules[0].start: the day of the week is 0 to 7, or *, 1-5, 1,3 or */2; found "
                "'mon-fry'"},
        Refusal{"\"0 19 * * *\"", "19:00", "schedules[0].end: expected five fields"},
        Refusal{"        end: \"0 19 * * *\"\n", "", "schedules[0]: 'end' is missing"},
        Refusal{"Europe/Berlin", "Europe/Berlni",
                "schedules[0].time_zone: this machine knows no time zone 'Europe/Berlni'"},
        Refusal{"max: 9", "max: 0", "schedules[0].max: then min is 1, and must not be above max"},
        Refusal{"max: 9", "maxx: 9", "schedules[0].maxx"},
        Refusal{", min: 0}", "}", "schedules[1]: changes nothing: give min, max, headroom or warm"},
        Refusal{"name: night", "name: office hours",
                "schedules[1].name: 'office hours' is the name of another schedule of the class"},
        Refusal{"warm: 5", "warm: 10",
                "schedules[0].warm: keeps 10 free, and must not be above max, which is 9"},
        Refusal{", min: 0}", ", headroom: 5}",
                "schedules[1].headroom: keeps 5 free, and must not be above max, which is 4"},
        Refusal{"name: night", "name: \"\"", "schedules[1].name: is a word or a few"},
        Refusal{"boot_timeout: 2m", "boot_timeout: 0s", "from 1s to 8760h"},
        Refusal{"boot_timeout: 2m", "boot_timeout: 9999999h",
                "boot_timeout: expected a duration from 1s to 8760h, such as 30s, 10m or 1h30m, "
                "found '9999999h'"},
        Refusal{"idle_timeout: 20s", "idle_timeout: soon",
                "idle_timeout: expected a duration from 1s to 8760h"},
        Refusal{"mode: continuous", "mode: continous", "mode"},
        Refusal{"mode: continuous", "mode: single-task",
                "idle_after_task: is for 'mode: continuous'"},
        Refusal{"idle_after_task: 0s", "idle_after_task: -1s",
                "idle_after_task: expected a duration from 0s"},
        Refusal{"recycle_after: 12h", "recycle_after: 0s",
                "recycle_after: expected a duration from 1s"},
        Refusal{"recycle_after_tasks: 50", "recycle_after_tasks: 0", "recycle_after_tasks"},
        Refusal{"recycle_after: 12h", "isolation: docker", "local.isolation"},
        Refusal{"recycle_after: 12h", "isolation_network: none",
                "local.isolation_network: is for 'isolation: bubblewrap' or 'podman'"},
        Refusal{"recycle_after: 12h", "isolation: podman",
                "local.isolation: podman needs isolation_image"},
        Refusal{"slots: 3", "slots: 0", "slots"}, Refusal{"slots: 3", "slots: 101", "slots"},
        Refusal{"      token_file: small.token\n", "", "token_file"},
        Refusal{"    local:\n      token_file: /etc/large.token\n", "    local:\n",
                "'token_file' is missing"},
        Refusal{"state_directory: scaler\n", "", "state_directory"},
        Refusal{"  url: http://127.0.0.1:8480\n", "", "url"}));

TEST(ScaleConfig, AnAgentReadsTheIsolationOfItsClass) {
  std::string text(kWhole);
  const std::string key = "recycle_after: 12h";
  text.replace(text.find(key), key.size(),
               "isolation: podman\n      isolation_network: none\n      isolation_image: a.b/c:1");
  const auto config = std::get<ScaleConfig>(parse_scale_config(text, "/srv"));
  const auto& of_class = std::get<capacity::AgentSettings>(config.classes.at(0).capacity);
  const auto read =
      agent::read_settings(capacity::agent_config(of_class, "muc_1", "name", "/work"), {}, "host");
  const auto& settings = std::get<agent::LoadedSettings>(read).settings;
  EXPECT_EQ(settings.isolation,
            (agent::Isolation{agent::Isolation::Kind::podman, false, "a.b/c:1"}));
  const auto& other = std::get<capacity::AgentSettings>(config.classes.at(1).capacity);
  EXPECT_EQ(other.isolation.kind, "none");
}

TEST(ScaleConfig, NeedsAClass) {
  EXPECT_THAT(problems_of(""), Not(IsEmpty()));
  EXPECT_THAT(problems_of("resource_classes: {}"), Not(IsEmpty()));
}

TEST(ScaleConfig, ReadsTheQueueOfCircleCiAndMachinesOfAProgram) {
  ASSERT_THAT(problems_of(kElsewhere), IsEmpty());
  const auto config = std::get<ScaleConfig>(parse_scale_config(kElsewhere, "/srv"));
  const auto& queue = std::get<CircleCiQueue>(config.queue);
  EXPECT_EQ(queue.url, "https://runner.circleci.com");
  EXPECT_EQ(std::get<CircleCiQueue::Variable>(queue.token).name, "CIRCLE_TOKEN");
  EXPECT_EQ(queue.poll_interval, std::chrono::seconds(5));
  EXPECT_EQ(queue.requests_per_minute, 600);
  const auto& [linux_class, capacity] = config.classes.at(0);
  EXPECT_EQ(linux_class.policy.boot_timeout, std::chrono::minutes(5));
  const auto& command = std::get<capacity::CommandSettings>(capacity);
  EXPECT_THAT(command.program, ElementsAre("/srv/machines", "--zone", "a"));
  EXPECT_EQ(command.timeout, std::chrono::minutes(2));
  EXPECT_TRUE(command.single_task);
  EXPECT_TRUE(linux_class.policy.reaps);
  EXPECT_EQ(linux_class.policy.longest_life, std::chrono::hours(6));
}

TEST(ScaleConfig, ALifeHasRoomForTheBoot) {
  const auto with = [](std::string_view from, std::string_view to) {
    std::string text(kElsewhere);
    text.replace(text.find(from), from.size(), to);
    return problems_of(text);
  };
  EXPECT_THAT(with("longest_life: 6h", "longest_life: 4m"),
              ElementsAre("f:10:21: resource_classes.acme/linux.command.longest_life: is shorter "
                          "than boot_timeout, 5m: raise it to what booting and the longest task "
                          "take together, or lower boot_timeout"));
  EXPECT_THAT(with("longest_life: 6h", "longest_life: 5m"), IsEmpty());
  EXPECT_THAT(with("longest_life: 6h", "longest_life: 4s"),
              ElementsAre(HasSubstr("from 1m to 8760h")));
  EXPECT_THAT(with("    command:\n      program: [./machines, --zone, a]\n      timeout: 2m\n      "
                   "longest_life: 6h\n",
                   "    boot_timeout: 6h\n    auto_scaling_group:\n      name: runners\n"),
              ElementsAre("f:7:5: resource_classes.acme/linux.boot_timeout: is longer than "
                          "auto_scaling_group.longest_life, which is 5h30m unless it is set: lower "
                          "it, or set longest_life"));
}

TEST(ScaleConfig, TheAddressOfTheQueueIsAServerAlone) {
  const auto with = [](std::string_view url) {
    std::string text(kElsewhere);
    text.insert(text.find("  token_variable"), fmt::format("  url: {}\n", url));
    return problems_of(text);
  };
  EXPECT_THAT(with("https://ci.example/"), IsEmpty());
  EXPECT_THAT(with("http://user:s3cret@ci.example"),
              ElementsAre("f:2:3: circleci.url: has a user or password before an '@', which would "
                          "be shown in logs: write http://HOST:PORT, https://HOST:PORT or "
                          "HOST:PORT"));
  EXPECT_THAT(with("https://ci.example/api/v2"),
              ElementsAre("f:2:3: circleci.url: has a path behind the server: write "
                          "https://ci.example alone"));
}

TEST(ScaleConfig, TheTokenOfCircleCiCrossesNoNetworkInTheClear) {
  const auto with = [](std::string_view url) {
    std::string text(kElsewhere);
    text.insert(text.find("  token_variable"), fmt::format("  url: {}\n", url));
    return problems_of(text);
  };
  EXPECT_THAT(with("http://127.0.0.1:8480"), IsEmpty());
  EXPECT_THAT(with("http://runner.circleci.com"),
              ElementsAre("f:2:3: circleci.url: is http to another machine, where others can read "
                          "the token on its way: write https://runner.circleci.com"));
}

TEST(ScaleConfig, ReadsWhereAwsKeepsTheToken) {
  const auto token_of = [](const char* lines) {
    std::string text(kElsewhere);
    text.replace(text.find("  token_variable: CIRCLE_TOKEN\n"), 31, lines);
    EXPECT_THAT(problems_of(text), IsEmpty());
    const auto config = std::get<ScaleConfig>(parse_scale_config(text, "/srv"));
    return std::get<demand::AwsToken>(std::get<CircleCiQueue>(config.queue).token);
  };
  using Keeper = demand::AwsToken::Keeper;
  const auto secret = token_of(
      "  token_secret: circleci\n  token_field: circle_token\n  token_region: eu-west-1\n");
  EXPECT_EQ(secret.keeper, Keeper::secrets_manager);
  EXPECT_EQ(secret.name, "circleci");
  EXPECT_EQ(secret.field, "circle_token");
  EXPECT_EQ(secret.region, "eu-west-1");
  EXPECT_EQ(token_of("  token_parameter: /circleci\n").keeper, Keeper::parameter_store);
}

TEST(ScaleConfig, ReadsTheQueueOfAProgram) {
  std::string text(kElsewhere);
  text.replace(0, text.find("state"), "command:\n  program: [queue]\n  poll_interval: 10s\n");
  ASSERT_THAT(problems_of(text), IsEmpty());
  const auto config = std::get<ScaleConfig>(parse_scale_config(text, "/srv"));
  const auto& queue = std::get<demand::CommandQueueSettings>(config.queue);
  EXPECT_THAT(queue.program, ElementsAre("queue"));
  EXPECT_EQ(queue.poll_interval, std::chrono::seconds(10));
  EXPECT_EQ(queue.timeout, std::chrono::seconds(10));
}

TEST(ScaleConfig, HasOneQueueAndOneKindOfInstancesPerClass) {
  const auto with = [](std::string_view from, std::string_view to) {
    std::string text(kElsewhere);
    text.replace(text.find(from), from.size(), to);
    return problems_of(text);
  };
  EXPECT_THAT(with("circleci:\n  token_variable: CIRCLE_TOKEN\n", ""),
              Contains("f:1:1: the queue is missing: one of server, circleci, command"));
  EXPECT_THAT(with("circleci:", "command:\n  program: [queue]\ncircleci:"),
              Contains("f:1:1: command: is the queue as well as 'circleci': keep one of them"));
  EXPECT_THAT(with("  token_variable: CIRCLE_TOKEN\n", ""),
              Contains(HasSubstr("the token is missing")));
  EXPECT_THAT(with("    command:\n      program: [./machines, --zone, a]\n      timeout: 2m\n      "
                   "longest_life: 6h\n",
                   ""),
              Contains(HasSubstr("where its instances come from is missing")));
  EXPECT_THAT(with("program: [./machines, --zone, a]", "program: []"),
              Contains(HasSubstr("is a list")));
  EXPECT_THAT(with("    command:\n      program: [./machines, --zone, a]\n      timeout: 2m\n      "
                   "longest_life: 6h\n",
                   "    local:\n      token_file: t\n"),
              Contains(HasSubstr("needs the queue of a 'server'")));
}

std::string leased(std::string_view more = "", std::string_view lease = "  table: muster\n") {
  return fmt::format(
      "circleci: {{token_variable: TOKEN}}\nlease:\n{}{}resource_classes:\n"
      "  acme/linux: {{max: 1, auto_scaling_group: {{name: runners}}}}\n",
      lease, more);
}

TEST(ScaleConfig, AContinuousMachineOfAProgramHasNoLongestLife) {
  std::string text(kElsewhere);
  EXPECT_THAT(problems_of(text + "      mode: continuous\n"),
              ElementsAre(HasSubstr("command.longest_life: is for single-task instances")));
}

TEST(ScaleConfig, UnderALeaseAProgramAnswersWithinTheLongestAct) {
  const std::string lease = "lease: {table: muster}\n";
  EXPECT_THAT(problems_of(std::string(kElsewhere) + lease),
              ElementsAre("f:9:16: resource_classes.acme/linux.command.timeout: under a lease a "
                          "call must end within 10s: lower it, and let the program return before "
                          "its machines have started"));
  std::string text(kElsewhere);
  text.replace(text.find("timeout: 2m"), 11, "mode: single-task");
  const auto config = parse_scale_config(text + lease, "/srv");
  ASSERT_TRUE(std::holds_alternative<ScaleConfig>(config));
  const auto& scaled = std::get<ScaleConfig>(config).classes.at(0);
  EXPECT_EQ(std::get<capacity::CommandSettings>(scaled.capacity).timeout, fleet::kLongestAct);
}

TEST(ScaleConfig, AReadingTakesAMinuteAtMost) {
  std::string text(kElsewhere);
  text.replace(text.find("TOKEN\n"), 6, "TOKEN\n  requests_per_minute: 2\n");
  EXPECT_THAT(problems_of(text),
              ElementsAre("f:1:1: circleci: requests_per_minute is 2, and must be at least 3 for "
                          "this many classes (1): raise it, or give some to another scaler"));
}

TEST(ScaleConfig, UnderALeaseAReadingTakesAThirdOfAMinuteAtMost) {
  std::string text = leased();
  text.replace(text.find("TOKEN}"), 6, "TOKEN, requests_per_minute: 8}");
  EXPECT_THAT(
      problems_of(text),
      ElementsAre(HasSubstr("must be at least 9 for this many classes (1, under a lease)")));
  text.replace(text.find(": 8}"), 4, ": 9}");
  EXPECT_THAT(problems_of(text), IsEmpty());
}

TEST(ScaleConfig, EachProblemNamesItsPlace) {
  EXPECT_THAT(problems_of("server: ["),
              ElementsAre("f:2:1: a '[' was opened before this, and never closed"));
  std::string text(kWhole);
  text.replace(text.find("min: 1"), 6, "mim: 1");
  EXPECT_THAT(problems_of(text),
              ElementsAre("f:7:5: resource_classes.local/small.mim: unknown key 'mim' (did you "
                          "mean 'min'?)"));
}

TEST(ScaleConfig, ALeaseKeepsTheMemorySoThatNoDirectoryIsNeeded) {
  const auto read = parse_scale_config(leased(), "/srv");
  const auto& config = std::get<ScaleConfig>(read);
  EXPECT_EQ(config.lease->table, "muster");
  EXPECT_EQ(config.lease->region, "");
  EXPECT_TRUE(config.state_directory.empty());

  const auto both = parse_scale_config(
      leased("state_directory: here\n", "  table: muster\n  region: eu-west-1\n"), "/srv");
  EXPECT_EQ(std::get<ScaleConfig>(both).state_directory, "/srv/here");
  EXPECT_EQ(std::get<ScaleConfig>(both).lease->region, "eu-west-1");
}

TEST(ScaleConfig, ALeaseNamesItsTable) {
  EXPECT_THAT(problems_of(leased("", "  region: eu-west-1\n")),
              Contains(HasSubstr("lease: 'table' is missing")));
  EXPECT_THAT(problems_of(leased("", "  table: ''\n")), Contains(HasSubstr("is empty")));
  EXPECT_THAT(problems_of(leased("", "  table: a\n  tabel: b\n")), Contains(HasSubstr("tabel")));
}

TEST(ScaleConfig, ARegionIsOneByItsName) {
  for (const auto* region : {"xx", "eu-west", "1", "EU-WEST-1", "eu-west-1.evil.example"}) {
    EXPECT_THAT(problems_of(leased("", fmt::format("  table: a\n  region: {}\n", region))),
                ElementsAre(HasSubstr(fmt::format(
                    "lease.region: '{}' is not a region such as eu-west-1: correct it", region))));
  }
  for (const auto* region : {"''", "us-gov-west-1", "us-isob-east-1", "ap-southeast-5"}) {
    EXPECT_THAT(problems_of(leased("", fmt::format("  table: a\n  region: {}\n", region))),
                IsEmpty());
  }
}

TEST(ScaleConfig, LocalInstancesAndALeaseExcludeEachOther) {
  EXPECT_THAT(problems_of(std::string(kWhole) + "lease: {table: muster}\n"),
              Contains(HasSubstr("lease: is for machines that several scalers can reach")));
}

}  // namespace
}  // namespace muster::cli
