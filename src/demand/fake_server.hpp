#pragma once

// For tests: a server that answers as the test says and keeps what it was asked. Thread-safe.

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/http_server.hpp"

namespace muster::demand {

class FakeServer {
 public:
  FakeServer() {
    auto listening = net::HttpServer::listen(
        {.port = 0}, [](const net::Request&) { return net::BodyPolicy{}; },
        [this](net::Request request, std::shared_ptr<net::Exchange> exchange) {
          if (auto response = answer(std::move(request))) {
            exchange->send(std::move(*response));
          } else {
            hold(std::move(exchange));
          }
        });
    EXPECT_TRUE(listening);
    server_.emplace(std::move(*listening));
    thread_ = std::jthread([this] { server_->run([] {}, Millis(0)); });
  }
  ~FakeServer() { server_->stop(); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

  // To whatever no rule is for.
  void answer_with(int status, std::string body) {
    const std::lock_guard lock(mutex_);
    otherwise_ = {status, {}, std::move(body)};
  }
  // To each question whose "path?query" has `part` in it. A later rule wins.
  void answer_to(std::string part, int status, std::string body, net::Headers headers = {}) {
    const std::lock_guard lock(mutex_);
    rules_.push_back({std::move(part), net::Response{status, std::move(headers), std::move(body)}});
  }
  void never_answer_to(std::string part) {
    const std::lock_guard lock(mutex_);
    rules_.push_back({std::move(part), std::nullopt});
  }

  std::size_t times_asked(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        requests_.begin(), requests_.end(),
        [&](const auto& request) { return target_of(request).find(part) != std::string::npos; }));
  }
  // The first request that `wanted` accepts, within a generous time.
  template <class Wanted>
  std::optional<net::Request> find_request(Wanted wanted) {
    std::unique_lock lock(mutex_);
    std::optional<net::Request> found;
    asked_.wait_for(lock, std::chrono::seconds(20), [&] {
      for (const auto& request : requests_) {
        if (!found && wanted(request)) found = request;
      }
      return found.has_value();
    });
    return found;
  }

 private:
  struct Rule {
    std::string part;
    std::optional<net::Response> response;  // nothing: never
  };

  static std::string target_of(const net::Request& request) {
    return request.path + "?" + request.query;
  }

  void hold(std::shared_ptr<net::Exchange> exchange) {
    const std::lock_guard lock(mutex_);
    held_.push_back(std::move(exchange));
  }

  std::optional<net::Response> answer(net::Request request) {
    const std::lock_guard lock(mutex_);
    const auto target = target_of(request);
    requests_.push_back(std::move(request));
    asked_.notify_all();
    for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
      if (target.find(rule->part) != std::string::npos) return rule->response;
    }
    return otherwise_;
  }

  mutable std::mutex mutex_;
  std::condition_variable asked_;
  net::Response otherwise_;
  std::vector<Rule> rules_;
  std::vector<net::Request> requests_;
  std::optional<net::HttpServer> server_;
  std::vector<std::shared_ptr<net::Exchange>> held_;
  std::jthread thread_;
};

}  // namespace muster::demand
