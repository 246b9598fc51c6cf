#include "capacity/local.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <thread>

#include "base/crypto.hpp"
#include "base/file.hpp"
#include "base/log.hpp"

namespace muster::capacity {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Stand-ins for the agent; each starts in its instance's directory.
constexpr std::string_view kSteady = R"(#!/bin/bash
config=$(cat)
[ -n "$config" ] || exit 3
trap 'echo TERM >> terms; [ -e ../../busy ] || exit 0' TERM
echo "$config" > config.tmp
echo "$@" > arguments
env > environment
mv config.tmp config
while sleep 0.02; do :; done
)";
constexpr std::string_view kFailing = R"(#!/bin/bash
echo starting; echo the server refuses this token >&2
exit 4
)";

template <class Condition>
bool eventually(Condition condition) {
  for (const auto end = std::chrono::steady_clock::now() + seconds(20); !condition();) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(Millis(5));
  }
  return true;
}

class LocalTest : public testing::Test {
 protected:
  LocalTest() {
    EXPECT_TRUE(log::configure({.format = log::Format::none}));
    std::filesystem::create_directories(state);
    EXPECT_TRUE(write_file_atomically(root / "token", "muc_secret\n", 0600));
    agent_is(kSteady);
  }
  ~LocalTest() override {
    if (auto found = find_instances(state / "instances")) {
      for (const auto& [directory, record] : *found) {
        if (!record || !*record) continue;
        for (const auto& identity : (*record)->processes) {
          if (process::is_alive(identity)) ::kill(identity.pid, SIGKILL);
        }
      }
    }
    std::filesystem::remove_all(root);
  }

  void agent_is(std::string_view script) {
    ASSERT_TRUE(write_file_atomically(root / "agent", script, 0755));
  }
  std::unique_ptr<LocalCapacity> open(const Recycling& recycling = {}, std::int64_t slots = 1,
                                      std::optional<Millis> idle_after_task = {}) {
    LocalSettings settings;
    settings.state_directory = state;
    settings.executable = root / "agent";
    settings.classes["local/small"] = {.server_url = "http://127.0.0.1:1",
                                       .token_file = root / "token"};
    settings.classes["local/small"].environment = environment_;
    settings.classes["local/small"].recycling = recycling;
    settings.classes["local/small"].idle_after_task = idle_after_task;
    settings.classes["local/small"].slots = slots;
    auto local = LocalCapacity::open(settings);
    EXPECT_TRUE(local);
    return std::move(*local);
  }
  std::string launch_one(LocalCapacity& local) {
    const auto ids = local.launch({"local/small"}, 1, {});
    EXPECT_TRUE(ids && ids->size() == 1);
    const auto id = ids->at(0);
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(directory(id) / "config"); }));
    return id;
  }
  // Lists until something has ended.
  fleet::CapacityList wait_for_end(LocalCapacity& local) {
    fleet::CapacityList list;
    EXPECT_TRUE(eventually([&] {
      local.wait_for_change(seconds(1), {});
      list = *local.list({});
      return !list.ended.empty();
    }));
    return list;
  }
  std::filesystem::path directory(const std::string& id) const { return state / "instances" / id; }
  std::string content(const std::filesystem::path& file) {
    return read_file(file, 1 << 16).value_or("");
  }

  const std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("muster-local-" + random_hex(6));
  const std::filesystem::path state = root / "state";
  std::map<std::string, std::string> environment_;
};

TEST_F(LocalTest, TellsAnAgentWhenItEnds) {
  auto local = open({.after = std::chrono::hours(12), .after_tasks = 50}, 1, Millis(0));
  const auto environment = content(directory(launch_one(*local)) / "environment");
  EXPECT_THAT(environment, HasSubstr("MUSTER_IDLE_AFTER_TASK=0s\n"));
  EXPECT_THAT(environment, HasSubstr("MUSTER_RECYCLE_AFTER=12h\n"));
  EXPECT_THAT(environment, HasSubstr("MUSTER_RECYCLE_AFTER_TASKS=50\n"));
}

TEST_F(LocalTest, GivesAnAgentTheVariablesOfItsClass) {
  ::setenv("CONTAINERS_CONF", "/of/the/scaler", 1);
  environment_ = {{"CONTAINERS_STORAGE_CONF", "/storage"}, {"MUSTER_RESOURCE_CLASS", "another"}};
  auto local = open();
  const auto environment = content(directory(launch_one(*local)) / "environment");
  ::unsetenv("CONTAINERS_CONF");
  EXPECT_THAT(environment, HasSubstr("CONTAINERS_STORAGE_CONF=/storage\n"));
  EXPECT_THAT(environment, HasSubstr("MUSTER_RESOURCE_CLASS=local/small\n"));
  EXPECT_THAT(environment, Not(HasSubstr("/of/the/scaler")));
}

TEST_F(LocalTest, StartsAnAgentThatReadsItsConfigurationFromAPipe) {
  auto local = open();
  const auto id = launch_one(*local);
  EXPECT_THAT(id, testing::MatchesRegex("local-small-[0-9a-f]{8}"));
  const auto config = content(directory(id) / "config");
  EXPECT_THAT(config, HasSubstr("auth_token: \"muc_secret\""));
  EXPECT_THAT(config, HasSubstr("name: \"" + id + "\""));
  EXPECT_THAT(config, HasSubstr("mode: single-task"));
  EXPECT_EQ(content(directory(id) / "arguments"), "agent --config -\n");
  const auto environment = content(directory(id) / "environment");
  EXPECT_THAT(environment, Not(HasSubstr("muc_")));
  EXPECT_THAT(environment, HasSubstr("MUSTER_RESOURCE_CLASS=local/small\n"));
  EXPECT_THAT(environment,
              HasSubstr("MUSTER_AGENT_STATE=" + (directory(id) / "state").string() + "\n"));
  EXPECT_THAT(environment, Not(HasSubstr("MUSTER_RECYCLE")));
  EXPECT_THAT(environment, Not(HasSubstr("MUSTER_IDLE")));
  EXPECT_THAT(content(directory(id) / "instance.json"), Not(HasSubstr("muc_")));
  const auto list = *local->list({});
  ASSERT_THAT(list.live, SizeIs(1));
  EXPECT_EQ(list.live[0].id, id);
  EXPECT_EQ(list.live[0].resource_class, "local/small");
  EXPECT_FALSE(list.live[0].draining);
}

TEST_F(LocalTest, TellsAnEndOnceAndRemovesItsDirectory) {
  auto local = open();
  const auto id = launch_one(*local);
  ASSERT_TRUE(local->drain(id, {}));
  const auto list = wait_for_end(*local);
  EXPECT_THAT(list.live, IsEmpty());
  ASSERT_THAT(list.ended, SizeIs(1));
  EXPECT_EQ(list.ended[0].id, id);
  EXPECT_EQ(list.ended[0].how, "exit code 0");
  EXPECT_THAT(local->list({})->ended, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(directory(id)));
  EXPECT_TRUE(local->drain(id, {})) << "asking for one that is gone is no error";
}

TEST_F(LocalTest, TellsHowAnAgentFailed) {
  agent_is(kFailing);
  auto local = open();
  ASSERT_THAT(*local->launch({"local/small"}, 2, {}), SizeIs(2));
  std::vector<std::string> how;
  while (how.size() < 2) {
    for (const auto& ended : wait_for_end(*local).ended) how.push_back(ended.how);
  }
  EXPECT_THAT(how, ElementsAre("exit code 4", "exit code 4"));
}

TEST_F(LocalTest, NeverAsksABusyInstanceTwiceNotEvenAfterARestart) {
  ASSERT_TRUE(write_file_atomically(state / "busy", "", 0600));
  auto local = open();
  const auto id = launch_one(*local);
  ASSERT_TRUE(local->drain(id, {}));
  ASSERT_TRUE(local->drain(id, {}));
  ASSERT_TRUE(eventually([&] { return content(directory(id) / "terms") == "TERM\n"; }));
  local = open();
  ASSERT_TRUE(local->list({})->live.at(0).draining);
  ASSERT_TRUE(local->drain(id, {}));
  // A signal that was sent is delivered before the one that proves it was not.
  const auto record = read_record(directory(id));
  ASSERT_TRUE(record);
  std::filesystem::remove(state / "busy");
  ::kill(record->processes.at(0).pid, SIGUSR1);
  ASSERT_TRUE(eventually([&] { return !is_alive(*record); }));
  EXPECT_EQ(content(directory(id) / "terms"), "TERM\n");
}

TEST_F(LocalTest, AdoptsWhatAnEarlierScalerLeftRunning) {
  const auto id = launch_one(*open());
  auto local = open();
  const auto list = *local->list({});
  ASSERT_THAT(list.live, SizeIs(1));
  EXPECT_EQ(list.live[0].id, id);
  ASSERT_TRUE(local->drain(id, {}));
  EXPECT_THAT(wait_for_end(*local).ended, SizeIs(1));
  EXPECT_FALSE(std::filesystem::exists(directory(id)));
}

TEST_F(LocalTest, TellsWhatEndedWhileNoScalerWasThere) {
  const auto id = launch_one(*open());
  const auto record = read_record(directory(id));
  ASSERT_TRUE(record);
  ::kill(record->processes.at(0).pid, SIGKILL);
  ASSERT_TRUE(eventually([&] { return !is_alive(*record); }));
  auto local = open();
  EXPECT_THAT(local->list({})->ended, SizeIs(1));
  EXPECT_THAT(local->list({})->ended, IsEmpty());
  EXPECT_THAT(open()->list({})->ended, IsEmpty());
}

// As if the scaler had died between making the record and starting, or recording, the agent.
TEST_F(LocalTest, TellsWhatWasNeverStarted) {
  const auto made = directory("local-small-00000001");
  std::filesystem::create_directories(made);
  ASSERT_TRUE(write_record(made, {"local-small-00000001", "local/small", WallTime{}}));
  const auto list = *open()->list({});
  ASSERT_THAT(list.ended, SizeIs(1));
  EXPECT_EQ(list.ended[0].how, "it was never started");
  EXPECT_FALSE(std::filesystem::exists(made));
}

TEST_F(LocalTest, RemovesWhatHasNoRecordAndLeavesWhatItCannotRead) {
  std::filesystem::create_directories(directory("without"));
  std::filesystem::create_directories(directory("rubbish"));
  ASSERT_TRUE(
      write_file_atomically(directory("rubbish") / "instance.json", "{\"id\": \"rub", 0600));
  const auto list = *open()->list({});
  EXPECT_THAT(list.live, IsEmpty());
  EXPECT_THAT(list.ended, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(directory("without")));
  EXPECT_TRUE(std::filesystem::exists(directory("rubbish")));
}

TEST_F(LocalTest, LookingChangesNothing) {
  auto local = open();
  const auto id = launch_one(*local);
  std::filesystem::create_directories(directory("without"));
  const auto made = directory("local-small-00000001");
  std::filesystem::create_directories(made);
  ASSERT_TRUE(write_record(made, {"local-small-00000001", "local/small", WallTime{}}));
  const auto list = look_at_local(state);
  ASSERT_TRUE(list);
  ASSERT_THAT(list->live, SizeIs(1));
  EXPECT_EQ(list->live[0].id, id);
  EXPECT_THAT(list->ended, SizeIs(1));
  EXPECT_TRUE(std::filesystem::exists(made));
  EXPECT_TRUE(std::filesystem::exists(directory("without")));
  EXPECT_THAT(look_at_local(root / "nowhere")->live, IsEmpty());
}

TEST_F(LocalTest, SaysWhyItCannotLaunch) {
  auto local = open();
  std::filesystem::remove(root / "token");
  EXPECT_THAT(local->launch({"local/small"}, 1, {}).error().message, HasSubstr("token"));
  ASSERT_TRUE(write_file_atomically(root / "token", "muc_secret", 0600));
  std::filesystem::remove(root / "agent");
  EXPECT_THAT(*local->launch({"local/small"}, 2, {}), IsEmpty());
  EXPECT_THAT(*find_instances(state / "instances"), IsEmpty());
}

// --- Instances of several slots -----------------------------------------------------------------

class LocalSlotsTest : public LocalTest {
 protected:
  // Launched, with both agents at work.
  std::string launch_two_slots(LocalCapacity& local) {
    const auto ids = local.launch({"local/small"}, 1, {});
    EXPECT_TRUE(ids && ids->size() == 1);
    for (const auto* number : {"1", "2"}) {
      EXPECT_TRUE(eventually(
          [&] { return std::filesystem::exists(directory(ids->at(0)) / number / "config"); }));
    }
    return ids->at(0);
  }
  std::string terms(const std::string& id, const char* number) {
    return content(directory(id) / number / "terms");
  }
  void keep_busy(const std::string& id) {
    ASSERT_TRUE(write_file_atomically(directory(id) / "busy", "", 0600));
  }
};

// A stand-in that is busy while its instance is, and ends itself on USR1.
constexpr std::string_view kOneOfTwo = R"(#!/bin/bash
config=$(cat)
[ -n "$config" ] || exit 3
trap 'echo TERM >> terms; [ -e ../busy ] || exit 0' TERM
trap 'exit 0' USR1
echo "$config" > config.tmp
env > environment
mv config.tmp config
while sleep 0.02; do :; done
)";

TEST_F(LocalSlotsTest, EachSlotHasAnAgentOfItsOwn) {
  agent_is(kOneOfTwo);
  auto local = open({}, 2);
  const auto id = launch_two_slots(*local);
  for (const auto* number : {"1", "2"}) {
    const auto own = directory(id) / number;
    EXPECT_THAT(content(own / "config"), HasSubstr("name: \"" + id + "." + number + "\""));
    EXPECT_THAT(content(own / "config"),
                HasSubstr("working_directory: \"" + (own / "work").string() + "\""));
    EXPECT_THAT(content(own / "environment"),
                HasSubstr("MUSTER_AGENT_STATE=" + (own / "state").string() + "\n"));
  }
  EXPECT_THAT(local->list({})->live, SizeIs(1));
  EXPECT_THAT(read_record(directory(id))->processes, SizeIs(2));
}

TEST_F(LocalSlotsTest, AllAreAskedOnceAndTheLastEndEndsIt) {
  agent_is(kOneOfTwo);
  auto local = open({}, 2);
  const auto id = launch_two_slots(*local);
  keep_busy(id);
  ASSERT_TRUE(local->drain(id, {}));
  ASSERT_TRUE(local->drain(id, {}));
  for (const auto* number : {"1", "2"}) {
    ASSERT_TRUE(eventually([&] { return terms(id, number) == "TERM\n"; }));
  }
  local = open({}, 2);
  const auto record = read_record(directory(id));
  ::kill(record->processes.at(0).pid, SIGUSR1);
  ASSERT_TRUE(eventually([&] { return !process::is_alive(record->processes.at(0)); }));
  EXPECT_THAT(local->list({})->live, SizeIs(1)) << "the other still runs";
  EXPECT_EQ(terms(id, "2"), "TERM\n");
  ::kill(record->processes.at(1).pid, SIGUSR1);
  EXPECT_THAT(wait_for_end(*local).ended, SizeIs(1));
  EXPECT_FALSE(std::filesystem::exists(directory(id)));
}

// It has less room than its class believes: recycled, idle for too long, or failed.
TEST_F(LocalSlotsTest, OnceOneHasEndedTheOthersTakeNoFurtherTask) {
  agent_is(kOneOfTwo);
  auto local = open({}, 2);
  const auto id = launch_two_slots(*local);
  keep_busy(id);
  ::kill(read_record(directory(id))->processes.at(0).pid, SIGUSR1);
  ASSERT_TRUE(eventually([&] {
    local->wait_for_change(seconds(1), {});
    const auto live = local->list({})->live;
    return live.size() == 1 && live[0].draining;
  }));
  ASSERT_TRUE(eventually([&] { return terms(id, "2") == "TERM\n"; }));
  EXPECT_THAT(local->list({})->live, SizeIs(1)) << "it is left to end its task";
}

TEST(InstanceRecord, ComesBackAsItWasWritten) {
  const auto directory = std::filesystem::temp_directory_path() / ("local-small-" + random_hex(4));
  std::filesystem::create_directories(directory);
  InstanceRecord record{directory.filename(),
                        "a/\"b\\",
                        WallTime(Millis(1'700'000'000'123)),
                        false,
                        true,
                        {{42, 4'711, "0a-1b"}, {43, 4'712, "0a-1b"}}};
  for (std::size_t agents = 3; agents-- > 0;) {
    record.processes.resize(agents);
    ASSERT_TRUE(write_record(directory, record));
    const auto read = read_record(directory);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, record);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace muster::capacity
