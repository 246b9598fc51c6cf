#include "store/backup.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "protocol/json.hpp"
#include "store/schema.hpp"
#include "store/store.hpp"

namespace muster::store {
namespace {

using namespace std::chrono_literals;
using protocol::StepState;
using testing::HasSubstr;

constexpr Millis kLease = 5min;
const std::string kClass = "local/small";
const std::string kSource = "a source";

// A server's data directory, held open as by a server, with one task that has ended and one that
// runs; and a place for copies of it.
class BackupTest : public testing::Test {
 protected:
  BackupTest() {
    std::filesystem::create_directories(place_);
    store_ = open(data_);
    EXPECT_TRUE(store_->catalog().create_class({kClass, "", std::nullopt, 0}));
    const auto source = store_->sources().path(sha256_hex(kSource));
    EXPECT_TRUE(write_file_atomically(source, kSource, 0600));
    pipeline_ = submit(sha256_hex(kSource));
    ended_ = *claim();
    print(ended_, 0, "all of it\n");
    step(ended_, StepState::success);
    EXPECT_TRUE(
        store_->queue().finish(attempt(ended_), {protocol::TaskResult::success, ""}, now_.wall));
    running_ = *claim();
    step(running_, StepState::running);
    print(running_, 0, "so far\n");
  }
  ~BackupTest() override {
    store_.reset();
    std::filesystem::remove_all(place_);
  }

  static std::unique_ptr<Store> open(const std::filesystem::path& directory) {
    auto opened = Store::open(directory, kLease);
    if (!opened) throw std::runtime_error(opened.error().message);
    return *std::move(opened);
  }

  std::string submit(const std::string& source_sha256) {
    pipeline::Job job;
    job.name = "j";
    job.resource_class = kClass;
    job.parallelism = 2;
    job.steps = {pipeline::RunStep{.name = "s", .command = "true"}};
    pipeline::Config config;
    config.jobs["j"] = job;
    pipeline::Workflow workflow{"w", {}};
    workflow.jobs.push_back({"j", "j", {}});
    config.workflows = {workflow};
    return store_->pipelines()
        .create({.project = "p", .source_sha256 = source_sha256}, config, now_.wall)
        .id;
  }

  std::optional<protocol::ClaimedTask> claim() {
    return *store_->queue().claim(kClass, {.request_id = new_uuid(), .name = "r"}, now_);
  }

  static Attempt attempt(const protocol::ClaimedTask& task) { return {task.task_id, task.attempt}; }

  static OutputKey output(const protocol::ClaimedTask& task, std::int64_t step = 0) {
    return {task.task_id, task.attempt, step};
  }

  void print(const protocol::ClaimedTask& task, std::uint64_t offset, std::string_view text) {
    EXPECT_TRUE(store_->outputs().append(output(task), offset, text));
  }

  void step(const protocol::ClaimedTask& task, StepState state) {
    EXPECT_TRUE(
        store_->queue().update_step(attempt(task), 0, {.name = "s", .state = state}, now_.wall));
  }

  Result<Backup> back_up(std::stop_token stop = {}) const {
    return store::back_up(data_, copy_, std::move(stop));
  }

  // All that stands in the place, but for what is in the data directory.
  std::set<std::string> beside_data() const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(place_)) {
      if (entry.path() != data_) found.insert(entry.path().filename());
    }
    return found;
  }

  // Its files by what they are called in it, with their content.
  std::map<std::string, std::string> files_of_copy() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(copy_)) {
      const auto mode = entry.is_directory() ? 0700 : 0600;
      EXPECT_EQ(static_cast<int>(entry.status().permissions()), mode) << entry.path();
      if (entry.is_directory()) continue;
      files[entry.path().lexically_relative(copy_)] = *read_file(entry.path(), 1 << 20);
    }
    return files;
  }

  std::filesystem::path place_ =
      std::filesystem::temp_directory_path() / ("muster-backup-" + random_hex(6));
  std::filesystem::path data_ = place_ / "data";
  std::filesystem::path copy_ = place_ / "copy";
  std::unique_ptr<Store> store_;
  std::string pipeline_;
  protocol::ClaimedTask ended_;
  protocol::ClaimedTask running_;
  Now now_{*parse_rfc3339("2026-01-01T00:00:00Z"), ServiceTime(0)};
};

TEST_F(BackupTest, IsADataDirectoryOfThatMoment) {
  ASSERT_TRUE(write_file_atomically(data_ / "token", "mup_1\n", 0600));
  const auto made = back_up();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->pipelines, 1);
  EXPECT_EQ(made->tasks, 2);
  EXPECT_EQ(made->outputs.count, 2);
  EXPECT_EQ(made->outputs.bytes, 17U);
  EXPECT_EQ(made->sources.count, 1);
  EXPECT_EQ(made->sources.bytes, kSource.size());
  EXPECT_EQ(made->missing_sources, 0);
  EXPECT_EQ(beside_data(), std::set<std::string>{"copy"});
  auto files = files_of_copy();
  EXPECT_EQ(files["muster.db"].size(), made->database_bytes);
  files.erase("muster.db");
  EXPECT_EQ(files, (std::map<std::string, std::string>{
                       {"token", "mup_1\n"},
                       {"output/" + ended_.task_id + "/1.0.log", "all of it\n"},
                       {"output/" + running_.task_id + "/1.0.log", "so far\n"},
                       {"sources/" + sha256_hex(kSource) + ".pack", kSource}}));

  submit(sha256_hex(kSource));  // which the copy knows nothing of
  const auto before = protocol::to_json(store_->pipelines().status(pipeline_));
  const auto restored = open(copy_);
  EXPECT_EQ(protocol::to_json(restored->pipelines().status(pipeline_)), before);
  EXPECT_EQ(restored->pipelines().newest(10).size(), 1U);
  EXPECT_EQ(restored->organization(), store_->organization());
}

TEST_F(BackupTest, NobodyIsSignedInWhereItIsRestored) {
  auto& catalog = store_->catalog();
  const auto made = *catalog.create_token({"", "theirs"}, now_.wall);
  const auto owner = *catalog.token(made.id);
  const auto begun = store_->sessions().begin(owner, now_.wall);
  const auto code = store_->sessions().make_code(owner.token_id, now_.wall).code;
  ASSERT_TRUE(back_up());
  const auto restored = open(copy_);
  EXPECT_TRUE(restored->catalog().authenticate(*made.token));
  EXPECT_FALSE(restored->sessions().find(begun.secret, now_.wall));
  EXPECT_FALSE(restored->sessions().take_code(code, now_.wall));
  EXPECT_TRUE(store_->sessions().find(begun.secret, now_.wall));
}

TEST_F(BackupTest, TheKeyOfTaskTokensStaysBehind) {
  std::string key;
  {
    auto rows = store_->database().query("SELECT value FROM setting WHERE name = 'token_key'");
    ASSERT_TRUE(rows.next());
    key = rows.text(0);
  }
  ASSERT_TRUE(back_up());
  for (const auto& [name, content] : files_of_copy()) {
    EXPECT_EQ(content.find(key), std::string::npos) << name << " holds the key";
  }
  const auto restored = open(copy_);
  EXPECT_EQ(store_->queue().task_tokens().attempt_of(running_.token), attempt(running_));
  EXPECT_EQ(restored->queue().task_tokens().attempt_of(running_.token), std::nullopt);
}

TEST_F(BackupTest, WhatRanEndsByItsLeaseWhereItIsRestored) {
  ASSERT_TRUE(back_up());
  const auto restored = open(copy_);
  restored->queue().end_lapsed({now_.wall, kLease - 1ms});
  EXPECT_EQ(restored->pipelines().status(pipeline_).state, "running");
  restored->queue().end_lapsed({now_.wall, kLease});
  EXPECT_EQ(restored->pipelines().status(pipeline_).state, "failed");
  EXPECT_EQ(restored->queue().latest_attempt(running_.task_id)->state,
            TaskState::infrastructure_fail);
  EXPECT_EQ(restored->queue().latest_attempt(ended_.task_id)->state, TaskState::success);
  EXPECT_THAT(*read_file(restored->outputs().path(output(running_)), 1000),
              HasSubstr("so far\n\nLost contact with runner r"));
  EXPECT_EQ(store_->pipelines().status(pipeline_).state, "running") << "the old server's";
}

// As it is if a task is claimed again, or a pipeline comes, while files are copied.
TEST_F(BackupTest, HasNoOutputThatItsDatabaseKnowsNothingOf) {
  const auto known = output(running_);
  for (const auto& later :
       {OutputKey{known.task_id, known.attempt + 1, 0}, OutputKey{new_uuid(), 1, 0}}) {
    ASSERT_TRUE(store_->outputs().append(later, 0, "later"));
  }
  const auto made = back_up();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->outputs.count, 2);
  for (const auto& [name, content] : files_of_copy()) EXPECT_NE(content, "later") << name;
}

TEST_F(BackupTest, OutputThatSomebodyHasRemovedIsNoTrouble) {
  std::filesystem::remove_all(store_->outputs().path(output(ended_)).parent_path());
  const auto made = back_up();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->outputs.count, 1);
}

TEST_F(BackupTest, TellsOfSourcesThatAreMissing) {
  submit(std::string(64, '0'));
  const auto made = back_up();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->sources.count, 1);
  EXPECT_EQ(made->missing_sources, 1);
}

TEST_F(BackupTest, ReplacesNothing) {
  ASSERT_TRUE(make_directory(copy_, 0700));
  ASSERT_TRUE(write_file_atomically(copy_ / "theirs", "", 0600));
  const auto refused = back_up();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("copy: it exists already; name one that"));
  EXPECT_EQ(files_of_copy().size(), 1U);
  EXPECT_EQ(beside_data(), std::set<std::string>{"copy"});
}

TEST_F(BackupTest, IsOfADataDirectoryOfThisVersion) {
  const auto none = store::back_up(place_, copy_, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  EXPECT_THAT(none.error().message, HasSubstr("give the --data directory of a muster server"));

  std::vector<std::string_view> newer(migrations().begin(), migrations().end());
  newer.emplace_back("CREATE TABLE of_the_future (a TEXT)");
  std::filesystem::create_directory(place_ / "newer");
  ASSERT_TRUE(db::Database::open(place_ / "newer/muster.db", newer));
  const auto other = store::back_up(place_ / "newer", copy_, {});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::conflict);
  EXPECT_THAT(other.error().message, HasSubstr("Use the newer muster that wrote it"));
  EXPECT_EQ(beside_data(), std::set<std::string>{"newer"});
}

TEST_F(BackupTest, LeavesNothingIfItIsStopped) {
  std::stop_source stop;
  stop.request_stop();
  const auto made = back_up(stop.get_token());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(beside_data(), std::set<std::string>{});
}

TEST_F(BackupTest, LeavesNothingIfAFileCannotBeRead) {
  const auto file = store_->outputs().path(output(ended_));
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);  // also root cannot read it as a file
  const auto made = back_up();
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("copying " + file.string()));
  EXPECT_EQ(beside_data(), std::set<std::string>{});
}

}  // namespace
}  // namespace muster::store
