#include "agent/descriptors.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::agent {
namespace {

constexpr Millis kPatience = std::chrono::seconds(20);

TEST(Descriptors, ArriveAsTheOnesThatWereSent) {
  auto sockets = make_message_sockets().value();
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  ASSERT_TRUE(send_descriptors(sockets.first.get(), {reader.get(), writer.get()}));
  const auto got = receive_descriptors(sockets.second.get());
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), 2U);
  ASSERT_TRUE(write_all(got->at(1).get(), "through"));
  char text[7];
  ASSERT_EQ(::read(reader.get(), text, sizeof text), 7);
  EXPECT_EQ(std::string(text, sizeof text), "through");
  EXPECT_TRUE(::fcntl(got->at(0).get(), F_GETFD) & FD_CLOEXEC);
}

TEST(Descriptors, EachMessageHasItsOwn) {
  auto sockets = make_message_sockets().value();
  const UniqueFd any(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(send_descriptors(sockets.first.get(), {any.get()}));
  ASSERT_TRUE(send_descriptors(sockets.first.get(), {any.get(), any.get(), any.get()}));
  EXPECT_EQ(receive_descriptors(sockets.second.get())->size(), 1U);
  EXPECT_EQ(receive_descriptors(sockets.second.get())->size(), 3U);
  sockets.first.reset();
  EXPECT_FALSE(receive_descriptors(sockets.second.get()));
}

TEST(Descriptors, TheSenderIsWhoTheKernelSays) {
  auto sockets = make_message_sockets().value();
  const pid_t child = ::fork();
  if (child == 0) {
    ::send(sockets.second.get(), "", 1, 0);
    ::_exit(0);
  }
  EXPECT_EQ(receive_sender(sockets.first.get(), kPatience), child);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(receive_sender(sockets.first.get(), Millis(1)));
  sockets.second.reset();
  EXPECT_FALSE(receive_sender(sockets.first.get(), kPatience));
}

// A job that has taken over the keeper of its sandbox gives nothing to the agent.
TEST(Descriptors, ThatNobodyAskedForAreClosed) {
  auto sockets = make_message_sockets().value();
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  ASSERT_TRUE(send_descriptors(sockets.second.get(), {writer.get()}));
  EXPECT_EQ(receive_sender(sockets.first.get(), kPatience), ::getpid());
  writer.reset();
  char byte = 0;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0) << "somebody still holds it open for writing";
}

}  // namespace
}  // namespace muster::agent
