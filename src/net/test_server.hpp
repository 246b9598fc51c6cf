#pragma once

// For tests: a running server on a free port, and ways to speak to it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/test_peer.hpp"

namespace muster::net {

using namespace std::chrono_literals;

using ExchangePtr = std::shared_ptr<Exchange>;

inline void echo(const Request& request, const ExchangePtr& exchange) {
  exchange->send({.body = fmt::format("{} {}?{} {}", request.method, request.path, request.query,
                                      request.body)});
}

class ServerFixture : public testing::Test {
 protected:
  ServerFixture() {
    std::filesystem::create_directory(folder_);
    settings_.port = 0;
  }
  ~ServerFixture() override {
    if (server_) server_->post([this] { parked_.clear(); });
    stop();
    std::filesystem::remove_all(folder_);
  }

  void start(Handler handler = echo) {
    auto listening = HttpServer::listen(
        settings_,
        [this](const Request& head) -> std::variant<BodyPolicy, Response> {
          if (refusal_) return *refusal_;
          auto policy = policy_;
          policy.known = head.headers.get("Authorization").has_value();
          return policy;
        },
        std::move(handler));
    ASSERT_TRUE(listening) << listening.error().message;
    server_.emplace(std::move(*listening));
    thread_ = std::jthread([this] { server_->run(on_stop_, patience_); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    server_->stop();
    thread_.join();
    server_.reset();
  }

  virtual TestPeer connect() const { return TestPeer::connect(server_->port()); }
  // What comes back on a connection of its own, until the server closes it.
  std::string speak(std::string_view request) const {
    auto peer = connect();
    peer.send(request);
    return peer.receive_all();
  }
  std::string url(std::string_view path) const {
    return fmt::format("{}://127.0.0.1:{}{}", settings_.tls ? "https" : "http", server_->port(),
                       path);
  }
  // Waits for the server's thread to have done what came before.
  void settle() {
    std::promise<void> done;
    server_->post([&] { done.set_value(); });
    done.get_future().wait();
  }
  bool eventually(const std::function<bool()>& condition) {
    for (const auto end = std::chrono::steady_clock::now() + 10s;
         std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(1ms)) {
      bool holds = false;
      std::promise<void> asked;
      server_->post([&] { holds = condition(), asked.set_value(); });
      asked.get_future().wait();
      if (holds) return true;
    }
    return false;
  }
  // Asked from outside, again and again.
  static bool until(const std::function<bool()>& condition) {
    for (const auto end = std::chrono::steady_clock::now() + 10s;
         std::chrono::steady_clock::now() < end;) {
      if (condition()) return true;
    }
    return false;
  }
  std::size_t files() const {
    using Iterator = std::filesystem::directory_iterator;
    return static_cast<std::size_t>(std::distance(Iterator(folder_), Iterator()));
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("muster-server-" + random_hex(8));
  ServerSettings settings_;
  BodyPolicy policy_;
  std::optional<Response> refusal_;  // of every request, once its head is read
  std::function<void()> on_stop_;
  Millis patience_ = 10s;
  HttpClient client_;
  // What a handler keeps for later. An exchange is of the server's thread alone, and so ends there.
  std::vector<ExchangePtr> parked_;
  std::optional<HttpServer> server_;
  std::jthread thread_;
};

inline constexpr std::string_view kClose = "Host: h\r\nConnection: close\r\n";

}  // namespace muster::net
