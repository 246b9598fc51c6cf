#include "server/readiness.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "db/faulty_vfs_for_tests.hpp"

namespace muster::server {
namespace {

using namespace std::chrono_literals;

constexpr int kUntilHealed = std::numeric_limits<int>::max();

class ReadinessTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }
  ~ReadinessTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  net::Response ask() { return readiness_.answer(*store_, clock_.monotonic()); }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("muster-readiness-test-" + new_uuid());
  ManualClock clock_;
  db::FaultyVfs disk_;
  std::unique_ptr<store::Store> store_ = *store::Store::open(directory_, 5min);
  Readiness readiness_;
};

TEST_F(ReadinessTest, IsTrue) {
  const auto answer = ask();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "ready\n");
}

struct Trouble {
  db::Fault fault;
  const char* sentence;
};
class InTrouble : public ReadinessTest, public testing::WithParamInterface<Trouble> {};

TEST_P(InTrouble, IsFalseInOneSentenceUntilThatIsOver) {
  disk_.fail(GetParam().fault, 1, kUntilHealed);
  const auto answer = ask();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, std::string(GetParam().sentence) + "\n");
  disk_.heal();
  EXPECT_EQ(ask().status, 503) << "the disk is asked once a second";
  clock_.advance(1s);
  EXPECT_EQ(ask().status, 200);
}
INSTANTIATE_TEST_SUITE_P(
    Readiness, InTrouble,
    testing::Values(
        Trouble{db::Fault::full,
                "the server's disk is full; nothing was changed. Try again when there is room"},
        Trouble{db::Fault::io_error, "a fault of the server; its log has the details"}));

// Anybody may ask, as often as they like.
TEST_F(ReadinessTest, AsksTheDiskOnceASecond) {
  EXPECT_EQ(ask().status, 200);
  disk_.fail(db::Fault::io_error, 1, kUntilHealed);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask().status, 200);
  EXPECT_FALSE(disk_.struck());
  clock_.advance(1s);
  EXPECT_EQ(ask().status, 503);
  disk_.heal();
}

TEST(Probe, IsKnownByItsPath) {
  const auto probe = [](const char* method, const char* path) {
    return probe_of({.method = method, .path = path});
  };
  EXPECT_EQ(probe("GET", "/healthz"), Probe::health);
  EXPECT_EQ(probe("HEAD", "/readyz"), Probe::readiness);
  EXPECT_EQ(probe("POST", "/readyz"), Probe::none);
  EXPECT_EQ(probe("GET", "/healthz/"), Probe::none);
  EXPECT_EQ(probe("GET", "/api/muster/v1/health"), Probe::none);
}

}  // namespace
}  // namespace muster::server
