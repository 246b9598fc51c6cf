#pragma once

// For tests: a machine with files and variables of its own, and a server that answers as told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/core.h>

#include "aws/environment.hpp"
#include "base/crypto.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"

namespace muster::aws {

// Its HOME is an empty folder, and nothing of the real environment is seen.
class TestMachine {
 public:
  TestMachine() {
    std::filesystem::create_directories(home_ / ".aws");
    variables_["HOME"] = home_.string();
    variables_["AWS_EC2_METADATA_DISABLED"] = "true";
  }
  ~TestMachine() { std::filesystem::remove_all(home_); }
  TestMachine(const TestMachine&) = delete;
  TestMachine& operator=(const TestMachine&) = delete;

  void set(const std::string& name, const std::string& value) { variables_[name] = value; }
  void unset(const std::string& name) { variables_.erase(name); }
  std::string write(const std::string& name, const std::string& content) {
    std::ofstream(home_ / name, std::ios::binary) << content;
    return (home_ / name).string();
  }
  Environment environment() const {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found == variables_.end() || found->second.empty()) return std::nullopt;
      return found->second;
    };
  }

 private:
  const std::filesystem::path home_ =
      std::filesystem::temp_directory_path() / ("muster-aws-" + random_hex(8));
  std::map<std::string, std::string> variables_;
};

// Gives the answers in their order, and the last again and again; keeps what it was asked.
class TestService {
 public:
  explicit TestService(std::deque<net::Response> answers = {}) : answers_(std::move(answers)) {
    auto listening = net::HttpServer::listen(
        {.port = 0}, [](const net::Request&) { return net::BodyPolicy{}; },
        [this](net::Request request, std::shared_ptr<net::Exchange> exchange) {
          exchange->send(answer(std::move(request)));
        });
    EXPECT_TRUE(listening);
    server_.emplace(std::move(*listening));
    thread_ = std::jthread([this] { server_->run([] {}, Millis(0)); });
  }
  ~TestService() { server_->stop(); }

  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_->port()); }
  // Instead of all that is still to be answered.
  void answer_with(std::deque<net::Response> answers) {
    const std::lock_guard lock(mutex_);
    answers_ = std::move(answers);
  }
  std::vector<net::Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  net::Response answer(net::Request request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    if (answers_.empty()) return {.status = 404};
    auto next = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return next;
  }

  mutable std::mutex mutex_;  // guards what is below, but for the server and its thread
  std::deque<net::Response> answers_;
  std::vector<net::Request> requests_;
  std::optional<net::HttpServer> server_;
  std::jthread thread_;
};

}  // namespace muster::aws
