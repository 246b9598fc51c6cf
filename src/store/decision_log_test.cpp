#include "store/decision_log.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "store/store.hpp"

namespace muster::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kName = "local/small";

class DecisionLogTest : public testing::Test {
 protected:
  DecisionLogTest() { open(); }
  ~DecisionLogTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    store_.reset();
    store_ = *Store::open(directory_, 5min);
  }
  DecisionLog& log() { return store_->decisions(); }
  protocol::FleetDecision decision(std::int64_t desired) const {
    protocol::FleetDecision made{.at = begin_ + std::chrono::seconds(desired), .desired = desired};
    made.reasons = {"it is so"};
    return made;
  }
  void add(std::int64_t desired) { log().add(kName, {decision(desired)}); }
  void keep(bool commits = true) {
    db::Transaction transaction(store_->database());
    log().keep();
    const auto changes = store_->take_changes();
    if (!commits) return;
    transaction.commit();
    for (const auto& say : changes.after_commit) say();
  }
  std::vector<std::int64_t> desired(std::int64_t limit = 100,
                                    std::optional<std::int64_t> before = {}) {
    std::vector<std::int64_t> found;
    for (const auto& item : log().items(kName, limit, before)) found.push_back(item.desired);
    return found;
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-decisions-" + random_hex(6));
  std::unique_ptr<Store> store_;
  WallTime begin_ = *parse_rfc3339("2026-12-01T00:00:00Z");
};

// What is written and what is not yet are one list.
TEST_F(DecisionLogTest, TellsTheNewestFirstPageByPage) {
  for (const auto one : {1, 2, 3}) add(one);
  keep();
  for (const auto one : {4, 5}) add(one);
  EXPECT_THAT(desired(), ElementsAre(5, 4, 3, 2, 1));
  std::vector<std::int64_t> paged;
  std::optional<std::int64_t> before;
  for (auto page = log().items(kName, 2, before); !page.empty();
       page = log().items(kName, 2, before)) {
    EXPECT_LE(page.size(), 2U);
    for (const auto& item : page) paged.push_back(item.desired);
    before = page.back().id;
  }
  EXPECT_THAT(paged, ElementsAre(5, 4, 3, 2, 1));
  EXPECT_EQ(log().items(kName, 1, {}).front().at, begin_ + 5s);
  EXPECT_THAT(log().items(kName, 1, {}).front().reasons, ElementsAre("it is so"));
  EXPECT_THAT(log().items("local/other", 100, {}), IsEmpty());
}

TEST_F(DecisionLogTest, AReportThatComesTwiceIsToldOnce) {
  log().add(kName, {decision(1), decision(2)});
  log().add(kName, {decision(1), decision(2), decision(3)});
  keep();
  log().add(kName, {decision(2), decision(3), decision(4)});
  EXPECT_THAT(desired(), ElementsAre(4, 3, 2, 1));
}

TEST_F(DecisionLogTest, WhatIsKeptOutlivesTheServer) {
  add(1);
  keep();
  add(2);
  open();
  EXPECT_THAT(desired(), ElementsAre(1)) << "what was not kept a crash loses";
  add(3);
  keep();
  EXPECT_THAT(desired(), ElementsAre(3, 1));
}

TEST_F(DecisionLogTest, WhatWasUndoneIsKeptWithTheNext) {
  add(1);
  keep(false);
  EXPECT_TRUE(log().has_unkept());
  EXPECT_THAT(desired(), ElementsAre(1));
  add(2);
  keep();
  EXPECT_FALSE(log().has_unkept());
  open();
  EXPECT_THAT(desired(), ElementsAre(2, 1));
}

TEST_F(DecisionLogTest, WhatIsBeingKeptIsToldOnce) {
  add(1);
  db::Transaction transaction(store_->database());
  log().keep();
  EXPECT_THAT(desired(), ElementsAre(1));
}

TEST_F(DecisionLogTest, OfAClassAThousandAreKept) {
  for (std::int64_t i = 0; i < 1'010; ++i) {
    add(i);
    if (i % 100 == 0) keep();
  }
  log().add("local/other", {decision(1)});
  keep();
  EXPECT_THAT(desired(10'000), SizeIs(1'000));
  EXPECT_EQ(desired(10'000).back(), 10);
  EXPECT_THAT(log().items("local/other", 10, {}), SizeIs(1));
}

TEST_F(DecisionLogTest, ForgetsAfterAMonth) {
  add(1);
  keep();
  log().forget_old(begin_ + std::chrono::days(32));
  EXPECT_THAT(desired(), SizeIs(1));
  log().forget_old(begin_ + std::chrono::days(32) + 1s);
  EXPECT_THAT(desired(), IsEmpty());
}

TEST_F(DecisionLogTest, AClassTakesItsDecisionsWithIt) {
  add(1);
  keep();
  add(2);
  log().add("local/other", {decision(1)});
  log().forget(kName);
  keep();
  EXPECT_THAT(desired(), IsEmpty());
  EXPECT_THAT(log().items("local/other", 10, {}), SizeIs(1));
}

TEST_F(DecisionLogTest, WordsAreBounded) {
  auto made = decision(1);
  made.reasons.assign(100, "\x1b[2J" + std::string(10'000, 'a'));
  log().add(kName, {made});
  const auto told = log().items(kName, 1, {}).front();
  ASSERT_THAT(told.reasons, SizeIs(30));
  EXPECT_LT(told.reasons.front().size(), 600U);
  EXPECT_THAT(told.reasons.front(), testing::StartsWith("\\x1b[2J"));
}

}  // namespace
}  // namespace muster::store
