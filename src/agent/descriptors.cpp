#include "agent/descriptors.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "process/system.hpp"

namespace muster::agent {
namespace {

constexpr std::size_t kMost = 8;  // descriptors of a message

struct Message {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr)
      std::array<char, CMSG_SPACE(kMost * sizeof(int)) + CMSG_SPACE(sizeof(ucred))> control{};
  msghdr header{};

  Message() {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
};

bool receive(int socket, Message& message) {
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  return got > 0;
}

std::vector<UniqueFd> descriptors_in(const cmsghdr& part) {
  const auto count = (part.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  std::array<int, kMost> raw{};
  std::memcpy(raw.data(), CMSG_DATA(&part), std::min(count, kMost) * sizeof(int));
  std::vector<UniqueFd> descriptors;
  for (std::size_t i = 0; i < std::min(count, kMost); ++i) descriptors.emplace_back(raw[i]);
  return descriptors;
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> make_message_sockets() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return system_error(errno, "cannot make a pair of sockets");
  }
  std::pair<UniqueFd, UniqueFd> sockets{UniqueFd(ends[0]), UniqueFd(ends[1])};
  const int yes = 1;
  if (::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0) {
    return system_error(errno, "cannot learn who writes to a socket");
  }
  return sockets;
}

Result<void> send_descriptors(int socket, std::initializer_list<int> descriptors) {
  Message message;
  const auto size = descriptors.size() * sizeof(int);
  message.header.msg_controllen = CMSG_SPACE(size);
  auto* part = CMSG_FIRSTHDR(&message.header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(part), descriptors.begin(), size);
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message.header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return system_error(errno, "cannot pass descriptors on");
  return ok();
}

std::optional<std::vector<UniqueFd>> receive_descriptors(int socket) {
  Message message;
  if (!receive(socket, message)) return std::nullopt;
  std::vector<UniqueFd> descriptors;
  for (auto* part = CMSG_FIRSTHDR(&message.header); part != nullptr;
       part = CMSG_NXTHDR(&message.header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    for (auto& descriptor : descriptors_in(*part)) descriptors.push_back(std::move(descriptor));
  }
  return descriptors;
}

std::optional<pid_t> receive_sender(int socket, Millis patience) {
  if (!process::wait_readable(socket, patience)) return std::nullopt;
  Message message;
  if (!receive(socket, message)) return std::nullopt;
  std::optional<pid_t> sender;
  for (auto* part = CMSG_FIRSTHDR(&message.header); part != nullptr;
       part = CMSG_NXTHDR(&message.header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_RIGHTS) descriptors_in(*part);  // unasked for: closed at once
    if (part->cmsg_type != SCM_CREDENTIALS) continue;
    ucred credentials{};
    std::memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
    sender = credentials.pid;
  }
  constexpr pid_t kInit = 1;
  return sender > kInit ? sender : std::nullopt;
}

}  // namespace muster::agent
