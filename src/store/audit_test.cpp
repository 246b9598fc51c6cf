#include "store/audit.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "store/store.hpp"

namespace muster::store {
namespace {

using namespace std::chrono_literals;

class AuditTest : public testing::Test {
 protected:
  AuditTest() { store_ = *Store::open(directory_, 5min); }
  ~AuditTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void add(const std::string& subject) {
    audit().add({"theirs", "id", "10.0.0.1", "class.created", subject, ""}, now_);
  }
  std::vector<std::string> subjects(std::int64_t limit, std::optional<std::int64_t> before = {}) {
    std::vector<std::string> found;
    for (const auto& item : audit().items(limit, before)) found.push_back(item.subject);
    return found;
  }
  Audit& audit() { return store_->audit(); }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-audit-" + random_hex(6));
  std::unique_ptr<Store> store_;
  WallTime now_ = *parse_rfc3339("2026-12-01T00:00:00Z");
};

TEST_F(AuditTest, TellsTheNewestFirstPageByPage) {
  for (const auto* subject : {"a", "b", "c", "d", "e"}) {
    add(subject);
    now_ += 1s;
  }
  EXPECT_THAT(subjects(2), testing::ElementsAre("e", "d"));
  const auto last = audit().items(2, {}).back();
  EXPECT_EQ(last.at, now_ - 2s);
  EXPECT_EQ(last.actor, "theirs");
  EXPECT_EQ(last.token_id, "id");
  EXPECT_EQ(last.address, "10.0.0.1");
  EXPECT_EQ(last.action, "class.created");
  EXPECT_THAT(subjects(10, last.id), testing::ElementsAre("c", "b", "a"));
  EXPECT_THAT(subjects(10, 1), testing::IsEmpty());
}

TEST_F(AuditTest, ANameForgesNoLine) {
  audit().add({"a\nadmin 10.0.0.2", "id", "10.0.0.1", "x", "\x1b[2Jb", "c\r\n\xff"}, now_);
  const auto item = audit().items(1, {}).front();
  EXPECT_EQ(item.actor, "a\\x0aadmin 10.0.0.2");
  for (const auto& text : {item.actor, item.subject, item.detail}) {
    EXPECT_EQ(text.find_first_of("\n\r\x1b\xff"), std::string::npos) << text;
  }
}

TEST_F(AuditTest, WhatIsUndoneWasNotDone) {
  {
    db::Transaction undone(store_->database());
    add("a");
  }
  EXPECT_THAT(subjects(10), testing::IsEmpty());
}

TEST_F(AuditTest, TheOldestOfAHundredThousandMakesRoom) {
  db::Transaction all(store_->database());
  for (int i = 0; i < 100'003; ++i) add(std::to_string(i));
  const auto found = subjects(200'000);
  ASSERT_EQ(found.size(), 100'000U);
  EXPECT_EQ(found.front(), "100002");
  EXPECT_EQ(found.back(), "3");
}

TEST_F(AuditTest, ForgetsAfterFourHundredDays) {
  add("old");
  now_ += 24h;
  add("new");
  audit().forget_old(now_ + 399 * 24h);
  EXPECT_THAT(subjects(10), testing::ElementsAre("new"));
}

}  // namespace
}  // namespace muster::store
