#include "capacity/by_class.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>

#include "base/sleep.hpp"

namespace muster::capacity {
namespace {

using testing::HasSubstr;

// Lists and waits as the test says.
class Provider final : public fleet::CapacityProvider {
 public:
  using List = std::function<Result<fleet::CapacityList>(const std::stop_token&)>;
  using Wait = std::function<void(const std::stop_token&)>;
  explicit Provider(
      List list, Wait wait = [](const std::stop_token&) {})
      : list_(std::move(list)), wait_(std::move(wait)) {}

  Result<fleet::CapacityList> list(const std::stop_token& stop) override { return list_(stop); }
  Result<std::vector<std::string>> launch(const fleet::Place&, std::int64_t,
                                          const std::stop_token&) override {
    return std::vector<std::string>();
  }
  Result<void> drain(const std::string&, const std::stop_token&) override { return ok(); }
  void wait_for_change(Millis, std::stop_token stop) override { wait_(stop); }

 private:
  const List list_;
  const Wait wait_;
};

Result<fleet::CapacityList> one_instance(const std::stop_token&) {
  fleet::CapacityList list;
  list.live.push_back({.id = "i-1", .resource_class = "a/well", .launched_at = {}});
  return list;
}

TEST(ByClass, WaitsForTheFirstChangeOfAny) {
  const auto until_stopped = [](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::yield();
  };
  ByClass both({{{"a/b"}, std::make_shared<Provider>(one_instance)},
                {{"a/c"}, std::make_shared<Provider>(one_instance, until_stopped)}});
  both.wait_for_change(std::chrono::hours(1), {});
}

// The silent one comes first, and says nothing until the other was listed.
TEST(ByClass, ASilentProviderLetsTheOthersBeListed) {
  std::stop_source stop;
  std::atomic<bool> others_listed = false;
  const auto silent = [](const std::stop_token& over) -> Result<fleet::CapacityList> {
    sleep_for(std::chrono::minutes(1), over);
    return Error{over.stop_requested() ? ErrorKind::cancelled : ErrorKind::timeout, "no answer"};
  };
  const auto well = [&](const std::stop_token& over) {
    others_listed = true;
    stop.request_stop();
    return one_instance(over);
  };
  ByClass both({{{"a/silent"}, std::make_shared<Provider>(silent)},
                {{"a/well"}, std::make_shared<Provider>(well)}});
  const auto begun = std::chrono::steady_clock::now();
  const auto listed = both.list(stop.get_token());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
  EXPECT_TRUE(others_listed);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->live.size(), 1U);
  EXPECT_EQ(listed->unreadable.at("a/silent"), "no answer");
}

// Else some of its instances would look like all of them.
TEST(ByClass, AClassOfTwoProvidersIsListedByBothOrNotAtAll) {
  const auto away = [](const std::stop_token&) -> Result<fleet::CapacityList> {
    return Error{ErrorKind::unavailable, "no answer"};
  };
  ByClass both({{{"a/well", "near"}, std::make_shared<Provider>(one_instance)},
                {{"a/well", "far"}, std::make_shared<Provider>(away)}});
  const auto listed = both.list({});
  ASSERT_TRUE(listed);
  EXPECT_TRUE(listed->live.empty());
  EXPECT_EQ(listed->unreadable.at("a/well"), "no answer");
}

TEST(ByClass, AnExceptionInOneIsItsOwnTrouble) {
  const auto broken = [](const std::stop_token&) -> Result<fleet::CapacityList> {
    throw std::runtime_error("out of cheese");
  };
  ByClass both({{{"a/broken"}, std::make_shared<Provider>(broken)},
                {{"a/well"}, std::make_shared<Provider>(one_instance)}});
  const auto listed = both.list({});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->live.size(), 1U);
  EXPECT_THAT(listed->unreadable.at("a/broken"), HasSubstr("out of cheese"));
}

}  // namespace
}  // namespace muster::capacity
