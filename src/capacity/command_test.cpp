#include "capacity/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/crypto.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "capacity/by_class.hpp"

namespace muster::capacity {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A program that keeps its machines in the file `machines` and what it was asked in `asked`.
constexpr std::string_view kProgram = R"(#!/bin/sh
cd "$1" || exit 9
shift
echo "$*" >> asked
[ -e broken ] && { echo 'no credit left' >&2; exit 1; }
case $1 in
  list) cat machines ;;
  launch) cat launched ;;
  drain | end) : ;;
esac
)";

class CommandCapacityTest : public testing::Test {
 protected:
  CommandCapacityTest() {
    std::filesystem::create_directory(place);
    program(kProgram);
    machines({});
  }
  ~CommandCapacityTest() override { std::filesystem::remove_all(place); }

  void write(const std::string& name, std::string_view content) {
    EXPECT_TRUE(write_file_atomically(place / name, content, 0600));
  }
  void program(std::string_view script) {
    write("program", script);
    std::filesystem::permissions(place / "program", std::filesystem::perms::owner_all);
  }
  void machines(const std::vector<std::string>& ids) {
    std::string all;
    for (const auto& id : ids) {
      all += (all.empty() ? "" : ",") + (R"({"id":")" + id) +
             R"(","launched_at":"2026-01-01T00:00:00Z"})";
    }
    write("machines", R"({"instances":[)" + all + "]}");
  }
  std::vector<std::string> live() {
    std::vector<std::string> ids;
    const auto listed = capacity.list({});
    for (const auto& instance : listed->live) ids.push_back(instance.id);
    return ids;
  }
  // What is logged while `act` runs.
  template <class Act>
  std::string logged_by(Act act) {
    EXPECT_TRUE(log::configure({.format = log::Format::text, .file = place / "log"}));
    act();
    EXPECT_TRUE(log::configure({.format = log::Format::none}));
    auto lines = read_file(place / "log", 1 << 20).value_or("");
    std::filesystem::remove(place / "log");
    return lines;
  }
  std::string asked() const { return read_file(place / "asked", 10'000).value_or(""); }

  const std::filesystem::path place =
      std::filesystem::temp_directory_path() / ("muster-command-" + random_hex(6));
  CommandCapacity capacity{
      {{"acme/vm", {.program = {(place / "program").string(), place.string()}}}}};
};

TEST_F(CommandCapacityTest, ListsWhatTheProgramSays) {
  write("machines", R"({"instances":[{"id":"vm-1","launched_at":"2026-01-01T00:00:00Z"},
    {"id":"vm-2","launched_at":"2026-01-01T00:00:05Z","draining":true}]})");
  const auto listed = capacity.list({});
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->live.size(), 2U);
  EXPECT_EQ(listed->live[0].id, "vm-1");
  EXPECT_EQ(listed->live[0].resource_class, "acme/vm");
  EXPECT_EQ(listed->live[0].launched_at, parse_rfc3339("2026-01-01T00:00:00Z"));
  EXPECT_FALSE(listed->live[0].draining);
  EXPECT_TRUE(listed->live[1].draining);
  EXPECT_EQ(asked(), "list acme/vm\n");
}

// The loop remembers what was launched, and counts it until it is listed.
TEST_F(CommandCapacityTest, TellsThatALaunchIsListedLate) {
  write("launched", R"({"ids":["vm-1","vm-2"]})");
  EXPECT_THAT(*capacity.launch({"acme/vm"}, 2, {}), ElementsAre("vm-1", "vm-2"));
  const auto listed = capacity.list({});
  EXPECT_THAT(listed->live, IsEmpty());
  EXPECT_THAT(listed->ended, IsEmpty());
  EXPECT_EQ(listed->late_listings.at("acme/vm").within, minutes(2));
}

TEST_F(CommandCapacityTest, NeedNotKnowWhenAMachineWasLaunched) {
  write("machines", R"({"instances":[{"id":"vm-2"}]})");
  EXPECT_EQ(capacity.list({})->live.at(0).launched_at, std::nullopt);
}

TEST_F(CommandCapacityTest, TellsAnEndOnce) {
  machines({"vm-1"});
  EXPECT_THAT(live(), ElementsAre("vm-1"));
  machines({});
  EXPECT_EQ(capacity.list({})->ended.size(), 1U);
  EXPECT_THAT(capacity.list({})->ended, IsEmpty());
}

TEST_F(CommandCapacityTest, AFailureEndsNobody) {
  machines({"vm-1"});
  EXPECT_THAT(live(), ElementsAre("vm-1"));
  write("broken", "");
  const auto failed = capacity.list({});
  EXPECT_THAT(failed->ended, IsEmpty());
  EXPECT_THAT(failed->unreadable.at("acme/vm"), HasSubstr("no credit left"));
  EXPECT_THAT(*capacity.launch({"acme/vm"}, 1, {}), IsEmpty());
  EXPECT_FALSE(capacity.drain("vm-1", {}));
  std::filesystem::remove(place / "broken");
  for (const auto* rubbish : {"", "[]", R"({"instances":[{"name":"vm-1"}]})"}) {
    write("machines", rubbish);
    EXPECT_THAT(capacity.list({})->unreadable.at("acme/vm"), HasSubstr("no list of instances"));
  }
  machines({"vm-1"});
  EXPECT_THAT(live(), ElementsAre("vm-1"));
}

TEST_F(CommandCapacityTest, RefusesIdsThatCannotBeKept) {
  const std::string long_id(129, 'a');
  for (const auto& [ids, why] : std::vector<std::pair<std::string, std::string>>{
           {R"("")", "is no id"},
           {R"("vm 1")", "is no id"},
           {"\"" + long_id + "\"", "is no id: give it 1 to 128"},
           {R"("vm-1","vm-1")", "names vm-1 twice"}}) {
    write("launched", "{\"ids\":[" + ids + "]}");
    const auto logged =
        logged_by([&] { EXPECT_THAT(*capacity.launch({"acme/vm"}, 1, {}), IsEmpty()) << ids; });
    EXPECT_THAT(logged, HasSubstr(why));
  }
  machines({"vm-1", "vm-1"});
  EXPECT_THAT(capacity.list({})->unreadable.at("acme/vm"), HasSubstr("names vm-1 twice"));
  std::vector<std::string> many;
  for (int i = 0; i < 2'001; ++i) many.push_back("vm-" + std::to_string(i));
  machines(many);
  EXPECT_THAT(capacity.list({})->unreadable.at("acme/vm"), HasSubstr("2001 instances"));
}

TEST_F(CommandCapacityTest, DrainsOnce) {
  machines({"vm-1"});
  live();
  EXPECT_TRUE(capacity.drain("vm-1", {}));
  EXPECT_TRUE(capacity.drain("vm-1", {}));
  EXPECT_TRUE(capacity.drain("gone", {}));
  EXPECT_EQ(asked(), "list acme/vm\ndrain acme/vm vm-1\n");
  EXPECT_TRUE(capacity.list({})->live.at(0).draining) << "though the program does not say so";
}

TEST_F(CommandCapacityTest, Ends) {
  machines({"vm-1"});
  live();
  EXPECT_TRUE(capacity.reap("vm-1", {}));
  EXPECT_EQ(asked(), "list acme/vm\nend acme/vm vm-1\n");
}

TEST_F(CommandCapacityTest, ByClassKeepsOneTroubleFromTheOtherClasses) {
  const auto well = std::make_shared<CommandCapacity>(std::map<std::string, CommandSettings>{
      {"acme/vm", {.program = {(place / "program").string(), place.string()}}}});
  const auto ill = std::make_shared<CommandCapacity>(
      std::map<std::string, CommandSettings>{{"acme/ill", {.program = {"/no/such/program"}}}});
  ByClass both({{{"acme/vm"}, well}, {{"acme/ill"}, ill}});
  machines({"vm-1"});
  const auto listed = both.list({});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->live.size(), 1U);
  EXPECT_TRUE(listed->late_listings.contains("acme/vm"));
  EXPECT_THAT(listed->unreadable.at("acme/ill"), HasSubstr("cannot run /no/such/program"));
  EXPECT_TRUE(both.drain("vm-1", {}));
  EXPECT_THAT(asked(), HasSubstr("drain acme/vm vm-1"));
  machines({"vm-1", "vm-2"});
  EXPECT_TRUE(both.list({}));
  EXPECT_TRUE(both.reap("vm-2", {}));
  EXPECT_THAT(asked(), HasSubstr("end acme/vm vm-2"));
  EXPECT_FALSE(both.launch({"acme/other"}, 1, {}));
}

// Each class's program waits until the other's runs as well.
TEST_F(CommandCapacityTest, ListsClassesAtTheSameTime) {
  constexpr auto kScript = R"(cd "$0" && touch "began-${2#acme/}"
while ! { [ -e began-a ] && [ -e began-b ]; }; do sleep 0.02; done
echo '{"instances":[]}')";
  const CommandSettings settings{.program = {"/bin/sh", "-c", kScript, place.string()}};
  CommandCapacity both({{"acme/a", settings}, {"acme/b", settings}});
  const auto listed = both.list({});
  ASSERT_TRUE(listed);
  EXPECT_THAT(listed->unreadable, IsEmpty());
}

// A program that would go on for an hour, stopped once it runs.
class HangingProgramTest : public CommandCapacityTest {
 protected:
  HangingProgramTest() {
    program(R"(#!/bin/sh
cd "$1" || exit 9
[ "$2" = list ] && [ -e listable ] && { cat machines; exit; }
touch running
exec sleep 3600
)");
    machines({"vm-1"});
    write("listable", "");
    EXPECT_THAT(live(), ElementsAre("vm-1"));
  }
  template <class Call>
  Error stopped(Call call) {
    std::stop_source stop;
    const std::jthread stopper([&](const std::stop_token& over) {
      while (!over.stop_requested() && !std::filesystem::exists(place / "running")) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      stop.request_stop();
    });
    const auto begun = std::chrono::steady_clock::now();
    const auto result = call(stop.get_token());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
    std::filesystem::remove(place / "running");
    return result ? Error{} : result.error();
  }
};

TEST_F(HangingProgramTest, AStopEndsWhateverItWasAskedFor) {
  using Stop = std::stop_token;
  EXPECT_EQ(stopped([&](const Stop& s) { return capacity.launch({"acme/vm"}, 1, s); }).kind,
            ErrorKind::cancelled);
  EXPECT_EQ(stopped([&](const Stop& s) { return capacity.drain("vm-1", s); }).kind,
            ErrorKind::cancelled);
  EXPECT_EQ(stopped([&](const Stop& s) { return capacity.reap("vm-1", s); }).kind,
            ErrorKind::cancelled);
  std::filesystem::remove(place / "listable");
  stopped([&](const Stop& s) -> Result<void> {
    const auto listed = capacity.list(s);
    EXPECT_THAT(listed->unreadable.at("acme/vm"), HasSubstr("was stopped"));
    EXPECT_THAT(listed->ended, IsEmpty());
    return ok();
  });
}

// What it does may be all but done, and its ids are then known.
TEST_F(HangingProgramTest, ALaunchMayEndAfterTheStop) {
  program(R"(#!/bin/sh
cd "$1" && touch running && sleep 0.3 && echo '{"ids":["vm-2"]}'
)");
  stopped([&](const std::stop_token& stop) -> Result<void> {
    const auto launched = capacity.launch({"acme/vm"}, 1, stop);
    EXPECT_TRUE(launched) << launched.error().message;
    EXPECT_THAT(launched.value_or(std::vector<std::string>()), ElementsAre("vm-2"));
    return ok();
  });
}

}  // namespace
}  // namespace muster::capacity
