#pragma once

// For tests: the bare end of a TCP connection on the loopback, and a listener for such.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.hpp"

namespace muster::net {

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class TestPeer {
 public:
  // What is between the bytes of a test and those of a socket. Nobody waits for ever.
  class Layer {
   public:
    virtual ~Layer() = default;
    virtual bool send(std::string_view data) = 0;
    // 0: the connection is closed. Nothing: nothing has come for 10 s.
    virtual std::optional<std::size_t> receive(char* buffer, std::size_t size) = 0;
  };

  explicit TestPeer(UniqueFd fd) : fd_(std::move(fd)) {}
  explicit TestPeer(std::unique_ptr<Layer> layer) : layer_(std::move(layer)) {}

  static UniqueFd socket_to(std::uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = loopback(port);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      fd.reset();
    }
    return fd;
  }
  static TestPeer connect(std::uint16_t port) { return TestPeer(socket_to(port)); }

  bool send(std::string_view data) {
    if (layer_) return layer_->send(data);
    while (!data.empty()) {
      const auto sent = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      data.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // What came until `text` was seen; less if the connection was closed or nothing came for 10 s.
  std::string receive_until(std::string_view text) {
    while (received_.find(text) == std::string::npos && receive_more()) continue;
    const auto at = received_.find(text);
    const auto end = at == std::string::npos ? received_.size() : at + text.size();
    auto taken = received_.substr(0, end);
    received_.erase(0, end);
    return taken;
  }

  std::string receive_all() {
    while (receive_more()) continue;
    return std::exchange(received_, {});
  }

  bool closed_by_other_end() { return !receive_more() && closed_; }
  void close() {
    fd_.reset();
    layer_.reset();
  }

 private:
  std::optional<std::size_t> receive(char* buffer, std::size_t size) {
    if (layer_) return layer_->receive(buffer, size);
    pollfd waiting{fd_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) <= 0) return std::nullopt;
    const auto got = ::recv(fd_.get(), buffer, size, 0);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }
  bool receive_more() {
    char buffer[4096];
    const auto got = receive(buffer, sizeof buffer);
    if (!got) return false;
    closed_ = *got == 0;
    received_.append(buffer, *got);
    return *got > 0;
  }

  UniqueFd fd_;
  std::unique_ptr<Layer> layer_;  // in place of fd_
  std::string received_;
  bool closed_ = false;
};

class TestListener {
 public:
  TestListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(fd_.get(), 16);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }

  std::uint16_t port() const { return port_; }
  TestPeer accept() { return TestPeer(UniqueFd(::accept(fd_.get(), nullptr, nullptr))); }

 private:
  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

}  // namespace muster::net
