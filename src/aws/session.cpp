#include "aws/session.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr int kUsualAttempts = 3;
constexpr int kMostAttempts = 20;
constexpr Millis kAccepted = std::chrono::minutes(4);  // AWS accepts five

}  // namespace

Session::Session(Environment environment, const Clock& clock)
    : environment_(std::move(environment)),
      clock_(clock),
      credentials_(
          [this](const std::stop_token& stop) {
            return find_credentials(environment_, credentials_http_, stop);
          },
          clock) {}

Result<std::string> Session::region(const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  if (!region_.empty()) return region_;
  const auto profile = load_profile(environment_);
  if (!profile) return profile.error();
  net::HttpClient http;
  InstanceMetadata instance(environment_, http);
  auto found = find_region(environment_, *profile, instance, stop);
  if (found) region_ = *found;
  return found;
}

Result<Endpoint> Session::endpoint(const Service& service, const std::string& region) const {
  const auto profile = load_profile(environment_);
  if (!profile) return profile.error();
  return find_endpoint(service, region, environment_, *profile);
}

Result<int> Session::max_attempts() const {
  auto value = environment_("AWS_MAX_ATTEMPTS");
  std::string_view from = "AWS_MAX_ATTEMPTS";
  if (!value) {
    const auto profile = load_profile(environment_);
    if (!profile) return profile.error();
    value = profile->get("max_attempts");
    from = "the profile's max_attempts";
  }
  if (!value) return kUsualAttempts;
  const auto number = parse_int(*value);
  if (number && *number >= 1 && *number <= kMostAttempts) return static_cast<int>(*number);
  return Error{ErrorKind::invalid, fmt::format("{} must be a number from 1 to {}, and is '{}'",
                                               from, kMostAttempts, printable(*value, 40))};
}

WallTime Session::aws_now() const {
  return clock_.wall() + Millis(ahead_.load());
}

bool Session::learn_time(WallTime aws_time) {
  const auto off = aws_time - aws_now();
  ahead_ = (aws_time - clock_.wall()).count();
  return off >= kAccepted || off <= -kAccepted;
}

}  // namespace muster::aws
