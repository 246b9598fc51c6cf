#include "instance/config.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "net/server_url.hpp"

namespace muster::instance {

namespace {

constexpr auto kCircleCi = "https://runner.circleci.com";

bool is_name(std::string_view text, std::string_view also) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

bool is_resource_class(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && is_name(text.substr(0, slash), "_-") &&
         is_name(text.substr(slash + 1), "_-:+");
}

class Reader {
 public:
  std::variant<Config, yaml::Problems> read(yaml::Value document) {
    // An empty file lacks its keys as any other does.
    if (document.kind == yaml::Value::Kind::null) document.kind = yaml::Value::Kind::mapping;
    yaml::MapReader top(document, "", problems_);
    Config config;
    config.group = required(top, "group");
    config.token_secret = required(top, "token_secret");
    config.resource_class = required(top, "resource_class");
    if (!config.resource_class.empty() && !is_resource_class(config.resource_class)) {
      top.problem_at("resource_class", "is no resource class such as namespace/name");
    }
    config.runner = static_cast<Runner>(top.choice("runner", {"circleci", "muster"}).value_or(0));
    config.runner_version = runner_version(top);
    config.api_url = api_url(top, config.runner);
    config.idle_timeout = duration(top, "idle_timeout", config.idle_timeout);
    config.max_run_time = duration(top, "max_run_time", config.max_run_time);
    config.job_user = job_user(top, config.job_user);
    config.log_group = optional(top, "log_group");
    top.finish();
    if (!problems_.empty()) return std::move(problems_);
    return config;
  }

 private:
  static std::string optional(yaml::MapReader& top, std::string_view key) {
    if (top.take(key) == nullptr) return {};
    auto text = std::string(trim(top.text(key).value_or("x")));
    if (text.empty()) top.problem_at(key, "is empty");
    return text;
  }

  static std::string required(yaml::MapReader& top, std::string_view key) {
    return top.require(key) == nullptr ? "" : optional(top, key);
  }

  // Empty is the newest, as it is in the stack's parameter.
  static std::string runner_version(yaml::MapReader& top) {
    constexpr auto kKey = "runner_version";
    if (top.take(kKey) == nullptr) return {};
    auto version = std::string(trim(top.text(kKey).value_or("x")));
    const bool begins = !version.empty() && version.front() >= '0' && version.front() <= '9';
    if (!version.empty() && !(begins && is_name(version, ".+~:-"))) {
      top.problem_at(kKey, "is no version of a package such as 3.1.2-8145-ab12cd3");
    }
    return version;
  }

  static std::string api_url(yaml::MapReader& top, Runner runner) {
    constexpr auto kKey = "api_url";
    if (runner == Runner::muster && top.require(kKey) == nullptr) return {};
    const auto url = net::private_server_url(top.text(kKey).value_or(kCircleCi));
    if (!url) top.problem_at(kKey, url.error().message);
    const bool circleci = url && url->find("circleci.com") != std::string::npos;
    if (circleci && runner == Runner::muster) {
      top.problem_at(kKey,
                     "is CircleCI's: give that of a muster server, or write runner: circleci");
    }
    return url.value_or("");
  }

  static Millis duration(yaml::MapReader& top, std::string_view key, Millis usual) {
    constexpr Millis kLeast = std::chrono::seconds(1);
    constexpr Millis kMost = std::chrono::hours(24 * 7);
    return top.duration(key, {kLeast, kMost}).value_or(usual);
  }

  static std::string job_user(yaml::MapReader& top, const std::string& usual) {
    constexpr auto kKey = "job_user";
    auto user = top.text(kKey).value_or(usual);
    const bool is_option = user.starts_with('-');  // it becomes an argument of sudo
    if (user == "root") {
      top.problem_at(kKey, "must not be root: its jobs could read the runner's token");
    } else if (is_option || !is_name(user, "._-")) {
      top.problem_at(kKey, "is no name of a user such as ci");
    }
    return user;
  }

  yaml::Problems problems_;
};

}  // namespace

std::variant<Config, yaml::Problems> read_config(std::string_view text) {
  auto document = yaml::parse_located(text);
  if (!document) return yaml::Problems{{document.error().at, "", document.error().message}};
  return Reader().read(std::move(*document));
}

}  // namespace muster::instance
