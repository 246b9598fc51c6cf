#include "agent/spool.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include "agent/outbox.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

Spool make_spool(std::uint64_t capacity) {
  return std::move(*Spool::open("/tmp", capacity));
}

TEST(Spool, IsAQueueOfBytesWhateverTheSizes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(seed);
  auto spool = make_spool(100);
  std::string written;
  std::string read;
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes(random() % 60, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    written += bytes.substr(0, spool.write(bytes));
    const auto got = spool.read(random() % 60);
    ASSERT_TRUE(got);
    spool.remove(got->size());
    read += *got;
    ASSERT_LE(spool.size(), 100U);
    ASSERT_EQ(read.size() + spool.size(), written.size());
  }
  EXPECT_EQ(read, written.substr(0, read.size()));
  EXPECT_GT(read.size(), 10'000U);
}

TEST(Spool, TakesNothingWhenFull) {
  auto spool = make_spool(4);
  EXPECT_EQ(spool.write("abcdef"), 4U);
  EXPECT_EQ(spool.write("g"), 0U);
  spool.remove(1);
  EXPECT_EQ(spool.write("gh"), 1U);
}

TEST(Spool, LeavesNoNameBehind) {
  char directory[] = "/tmp/muster-spool-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const auto spool = Spool::open(directory, 10);
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  std::filesystem::remove(directory);
}

// A limit on the size of files stands for the full disk.
class FullDisk {
 public:
  FullDisk() {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{0, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST(Spool, PassesOutputOnWhileTheDiskIsFull) {
  auto spool = make_spool(1'000);
  {
    const FullDisk full;
    EXPECT_EQ(spool.write("held"), 4U);
    EXPECT_EQ(spool.write("no room"), 0U);
    EXPECT_EQ(spool.read(100).value_or(""), "held");
    spool.remove(4);
    EXPECT_EQ(spool.write("more"), 4U);
  }
  EXPECT_EQ(spool.write("late"), 0U);
  spool.remove(4);
  EXPECT_EQ(spool.write("disk again"), 10U);
  EXPECT_EQ(spool.read(100).value_or(""), "disk again");
}

class OutboxTest : public testing::Test {
 protected:
  Outbox outbox_{make_spool(8)};
  WorkEnd end_{system_clock().monotonic() + 1h};

  std::string describe_front() {
    const auto front = outbox_.front({});
    if (!front) return front.error().message;
    if (!*front) return "closed";
    if (const auto* output = std::get_if<OutgoingOutput>(&**front)) {
      return std::to_string(output->step) + "@" + std::to_string(output->offset) + ":" +
             output->bytes;
    }
    return "update " + std::to_string(std::get<OutgoingUpdate>(**front).step);
  }
};

TEST_F(OutboxTest, KeepsTheOrderInWhichThingsHappened) {
  outbox_.push(0, {});
  outbox_.append(0, "ab", end_);
  outbox_.append(1, "x", end_);
  outbox_.append(0, "c", end_);
  outbox_.push(0, {});
  outbox_.close();
  EXPECT_EQ(describe_front(), "update 0");
  outbox_.arrived();
  EXPECT_EQ(describe_front(), "0@0:ab");
  outbox_.arrived(2);
  EXPECT_EQ(describe_front(), "1@0:x");
  outbox_.arrived(1);
  EXPECT_EQ(describe_front(), "0@2:c");
  EXPECT_FALSE(outbox_.last()) << "something comes before it";
  outbox_.arrived(3);
  EXPECT_EQ(describe_front(), "closed");
  ASSERT_TRUE(outbox_.last());
  EXPECT_EQ(outbox_.last()->step, 0U);
}

protocol::StepUpdate at_its_end() {
  protocol::StepUpdate update;
  update.state = protocol::StepState::success;
  update.ended_at = system_clock().wall();
  return update;
}

TEST_F(OutboxTest, AStepThatEndsAtOnceIsToldOnce) {
  outbox_.push(0, {});
  outbox_.push(0, at_its_end());
  const auto front = outbox_.front({});
  ASSERT_TRUE(front && *front);
  EXPECT_EQ(std::get<OutgoingUpdate>(**front).update.state, protocol::StepState::success);
  outbox_.arrived();
  outbox_.close();
  EXPECT_EQ(describe_front(), "closed");
  EXPECT_FALSE(outbox_.last());
}

TEST_F(OutboxTest, WhatMayBeOnItsWayStaysAsItIs) {
  outbox_.push(0, {});
  EXPECT_EQ(describe_front(), "update 0");  // after a moment, as nothing else comes
  outbox_.push(0, at_its_end());
  const auto again = outbox_.front({});
  ASSERT_TRUE(again && *again);
  EXPECT_EQ(std::get<OutgoingUpdate>(**again).update.state, protocol::StepState::running);
  outbox_.close();
  EXPECT_FALSE(outbox_.last());
  outbox_.arrived();
  EXPECT_EQ(describe_front(), "closed");
  ASSERT_TRUE(outbox_.last());
  EXPECT_EQ(outbox_.last()->update.state, protocol::StepState::success);
}

TEST_F(OutboxTest, TheOnlyUpdateOfAnOutboxThatIsClosedIsGivenOutIfItWasBefore) {
  outbox_.push(0, at_its_end());
  EXPECT_EQ(describe_front(), "update 0");
  outbox_.close();
  EXPECT_EQ(describe_front(), "update 0") << "it did not arrive";
  EXPECT_FALSE(outbox_.last());
}

TEST_F(OutboxTest, GoesOnWhereTheServerIs) {
  outbox_.append(0, "abcdef", end_);
  outbox_.arrived(4);
  EXPECT_EQ(describe_front(), "0@4:ef");
  outbox_.arrived(1);  // it lost some; what is left still goes there, in order
  EXPECT_EQ(describe_front(), "0@1:ef");
}

TEST_F(OutboxTest, MakesAJobWaitWhileItIsFull) {
  std::jthread job([this] { outbox_.append(0, "0123456789abcdef", end_); });
  std::string read;
  while (read.size() < 16) {
    const auto front = outbox_.front({});
    ASSERT_TRUE(front && *front);
    read += std::get<OutgoingOutput>(**front).bytes;
    outbox_.arrived(read.size());
  }
  EXPECT_EQ(read, "0123456789abcdef");
}

TEST_F(OutboxTest, DropsTheOutputOfOneStep) {
  outbox_.append(0, "ab", end_);
  outbox_.append(1, "x", end_);
  outbox_.append(0, "c", end_);
  outbox_.push(0, {});
  outbox_.drop_output(0);
  EXPECT_EQ(describe_front(), "1@0:x");
  outbox_.append(0, "0123456789abcdef", end_);  // more than fits: nothing of it is kept
  outbox_.arrived(1);
  EXPECT_EQ(describe_front(), "update 0");
  outbox_.arrived();
  outbox_.append(1, "y", end_);
  EXPECT_EQ(describe_front(), "1@1:y");
}

TEST_F(OutboxTest, DropsTheRestWhenTheWorkMustEnd) {
  std::jthread job([this] { outbox_.append(0, "0123456789", end_); });
  end_.request(EndReason::canceled);
  job.join();  // although nobody reads
}

}  // namespace
}  // namespace muster::agent
