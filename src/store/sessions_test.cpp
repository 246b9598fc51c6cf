#include "store/sessions.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "store/store.hpp"

namespace muster::store {
namespace {

using namespace std::chrono_literals;
using protocol::Role;

class SessionsTest : public testing::Test {
 protected:
  SessionsTest() { open(); }
  ~SessionsTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    store_.reset();
    store_ = *Store::open(directory_, 5min);
  }

  Credential owner(Role role = Role::run) {
    const auto made = store_->catalog().create_token({"", "theirs", std::nullopt, role}, now_);
    return *store_->catalog().token(made->id);
  }

  bool is_in(const std::string& secret) { return sessions().find(secret, now_).has_value(); }
  Sessions& sessions() { return store_->sessions(); }
  std::int64_t rows(const std::string& table) {
    auto found = store_->database().query("SELECT count(*) FROM " + table);
    found.next();
    return found.integer(0);
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-sessions-" + random_hex(6));
  std::unique_ptr<Store> store_;
  WallTime now_ = *parse_rfc3339("2026-12-01T00:00:00Z");
};

TEST_F(SessionsTest, ASessionMayWhatItsTokenMay) {
  for (const auto role : {Role::read, Role::run, Role::admin}) {
    const auto who = owner(role);
    const auto begun = sessions().begin(who, now_);
    const auto found = sessions().find(begun.secret, now_);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, begun.session.id);
    EXPECT_EQ(found->owner.role, role);
    EXPECT_EQ(found->owner.token_id, who.token_id);
    EXPECT_EQ(found->owner.nickname, "theirs");
    EXPECT_EQ(found->ends_at, now_ + 12h);
  }
}

TEST_F(SessionsTest, OnlyItsSecretFindsIt) {
  const auto begun = sessions().begin(owner(), now_);
  for (const auto& other : {std::string(), begun.session.id, begun.secret.substr(1),
                            begun.secret + "0", sha256_hex(begun.secret)}) {
    EXPECT_FALSE(is_in(other)) << other;
  }
}

TEST_F(SessionsTest, EndsTwelveHoursAfterItsLastUse) {
  const auto begun = sessions().begin(owner(), now_);
  now_ += 12h - 1ms;
  EXPECT_TRUE(is_in(begun.secret));
  now_ += 12h - 1ms;
  EXPECT_TRUE(is_in(begun.secret));
  now_ += 12h;
  EXPECT_FALSE(is_in(begun.secret));
}

TEST_F(SessionsTest, EndsAfterSevenDaysHoweverItIsUsed) {
  const auto begun = sessions().begin(owner(), now_);
  const auto last = now_ + 7 * 24h;
  for (; now_ < last; now_ += 6h) ASSERT_TRUE(is_in(begun.secret));
  EXPECT_FALSE(is_in(begun.secret));
  now_ -= 1ms;
  EXPECT_EQ(sessions().find(begun.secret, now_)->ends_at, last);
}

TEST_F(SessionsTest, UsesThatWereKeptOutliveTheServer) {
  const auto begun = sessions().begin(owner(), now_);
  now_ += 11h;
  ASSERT_TRUE(is_in(begun.secret));
  sessions().keep_uses();
  open();
  now_ += 11h;
  EXPECT_TRUE(is_in(begun.secret));
}

// A full disk, for one, undoes what was to be kept.
TEST_F(SessionsTest, AUseWhoseKeepingIsUndoneStillCounts) {
  const auto begun = sessions().begin(owner(), now_);
  now_ += 11h;
  ASSERT_TRUE(is_in(begun.secret));
  {
    db::Transaction undone(store_->database());
    sessions().keep_uses();
  }
  now_ += 2h;
  sessions().forget_ended(now_);
  EXPECT_TRUE(is_in(begun.secret));
}

TEST_F(SessionsTest, EndsWithItsTokenAndLeavesOthers) {
  const auto who = owner();
  const auto other = sessions().begin(owner(), now_);
  const auto one = sessions().begin(who, now_);
  const auto code = sessions().make_code(who.token_id, now_);
  ASSERT_TRUE(store_->catalog().revoke_token(who.token_id, true));
  EXPECT_FALSE(is_in(one.secret));
  EXPECT_FALSE(sessions().take_code(code.code, now_));
  EXPECT_TRUE(is_in(other.secret));
}

TEST_F(SessionsTest, EndsAlone) {
  const auto who = owner();
  const auto one = sessions().begin(who, now_);
  const auto two = sessions().begin(who, now_);
  sessions().end(one.session.id);
  EXPECT_FALSE(is_in(one.secret));
  EXPECT_TRUE(is_in(two.secret));
}

TEST_F(SessionsTest, ATokenHasAHundredAndTheIdlestMakesRoom) {
  const auto who = owner();
  const auto other = sessions().begin(owner(), now_);
  std::vector<std::string> secrets;
  for (int i = 0; i < 100; ++i) {
    secrets.push_back(sessions().begin(who, now_).secret);
    now_ += 1s;
  }
  EXPECT_TRUE(is_in(secrets[0]));  // so that the second is the idlest
  now_ += 1s;
  secrets.push_back(sessions().begin(who, now_).secret);
  EXPECT_FALSE(is_in(secrets[1]));
  for (std::size_t i = 0; i < secrets.size(); ++i) EXPECT_EQ(is_in(secrets[i]), i != 1) << i;
  EXPECT_TRUE(is_in(other.secret));
}

TEST_F(SessionsTest, ACodeIsGoodOnce) {
  const auto who = owner(Role::admin);
  const auto made = sessions().make_code(who.token_id, now_);
  EXPECT_EQ(made.expires_at, now_ + 10min);
  EXPECT_GE(made.code.size() * 4, 128U);
  EXPECT_FALSE(sessions().take_code("", now_));
  EXPECT_FALSE(sessions().take_code(made.code + "0", now_));
  const auto taken = sessions().take_code(made.code, now_);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->token_id, who.token_id);
  EXPECT_EQ(taken->role, Role::admin);
  EXPECT_FALSE(sessions().take_code(made.code, now_));
}

TEST_F(SessionsTest, ACodeIsGoodForTenMinutes) {
  const auto id = owner().token_id;
  const auto in_time = sessions().make_code(id, now_);
  const auto late = sessions().make_code(id, now_);
  EXPECT_TRUE(sessions().take_code(in_time.code, now_ + 10min - 1ms));
  EXPECT_FALSE(sessions().take_code(late.code, now_ + 10min));
  EXPECT_FALSE(sessions().take_code(late.code, now_)) << "it was tried when it was too old";
}

TEST_F(SessionsTest, ATokenHasTenCodesAndTheOldestMakesRoom) {
  const auto id = owner().token_id;
  const auto other = sessions().make_code(owner().token_id, now_);
  std::vector<std::string> codes;
  for (int i = 0; i < 11; ++i) {
    codes.push_back(sessions().make_code(id, now_).code);
    now_ += 1s;
  }
  for (std::size_t i = 0; i < codes.size(); ++i) {
    EXPECT_EQ(sessions().take_code(codes[i], now_).has_value(), i > 0) << i;
  }
  EXPECT_TRUE(sessions().take_code(other.code, now_));
}

TEST_F(SessionsTest, WhatHasEndedIsForgotten) {
  const auto who = owner();
  const auto idle = sessions().begin(who, now_);
  const auto used = sessions().begin(who, now_);
  sessions().make_code(who.token_id, now_);
  now_ += 11h;
  ASSERT_TRUE(is_in(used.secret));
  now_ += 1h;
  sessions().forget_ended(now_);
  EXPECT_EQ(rows("session"), 1);
  EXPECT_EQ(rows("sign_in_code"), 0);
  EXPECT_TRUE(is_in(used.secret));
}

// Who has read the database can neither sign in nor go on in another's place.
TEST_F(SessionsTest, TheDatabaseHoldsHashesAlone) {
  const auto who = owner();
  const auto begun = sessions().begin(who, now_);
  const auto code = sessions().make_code(who.token_id, now_).code;
  store_.reset();
  std::string all;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory_)) {
    if (file.is_regular_file()) all += *read_file(file.path(), 16 << 20);
  }
  EXPECT_NE(all.find(begun.session.id), std::string::npos);
  EXPECT_EQ(all.find(begun.secret), std::string::npos);
  EXPECT_EQ(all.find(code), std::string::npos);
}

}  // namespace
}  // namespace muster::store
