#include "aws/instance_metadata.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr Millis kPatience{1000};  // it is on the host itself; what is no instance must not wait

std::string endpoint_of(const Environment& environment) {
  const auto mode = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").value_or("IPv4");
  const auto usual =
      net::equal_ignoring_case(mode, "IPv6") ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  auto endpoint = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(usual);
  while (endpoint.ends_with('/')) endpoint.pop_back();
  return endpoint;
}

}  // namespace

InstanceMetadata::InstanceMetadata(const Environment& environment, net::HttpClient& http)
    : disabled_(is_true(environment("AWS_EC2_METADATA_DISABLED"))),
      endpoint_(endpoint_of(environment)),
      http_(http) {}

Result<net::ClientResponse> InstanceMetadata::send(net::ClientRequest request,
                                                   const std::stop_token& stop) {
  request.url.insert(0, endpoint_);
  request.direct = true;
  request.connect_timeout = kPatience;
  request.timeout = 2 * kPatience;
  request.answer_limit = 64 << 10;
  return http_.send(request, stop);
}

Result<std::string> InstanceMetadata::new_token(const std::stop_token& stop) {
  net::ClientRequest request{.method = "PUT", .url = "/latest/api/token"};
  request.headers.set("X-aws-ec2-metadata-token-ttl-seconds", "21600");
  auto answer = send(std::move(request), stop);
  if (!answer && answer.error().kind == ErrorKind::timeout) {
    return Error{answer.error().kind,
                 answer.error().message +
                     " (within a container on EC2, the instance's hop limit must be 2)"};
  }
  if (!answer) return answer.error();
  if (answer->status != 200) {
    return Error{net::kind_of_status(answer->status),
                 fmt::format("asked for a token, it answered with status {}", answer->status)};
  }
  return std::string(trim(answer->body));
}

Result<net::ClientResponse> InstanceMetadata::ask(const std::string& path,
                                                  const std::stop_token& stop) {
  if (token_.empty()) {
    auto token = new_token(stop);
    if (!token) return token.error();
    token_ = std::move(*token);
  }
  net::ClientRequest request{.url = "/latest/meta-data/" + path};
  request.headers.set("X-aws-ec2-metadata-token", token_);
  return send(std::move(request), stop);
}

Result<std::string> InstanceMetadata::get(const std::string& path, const std::stop_token& stop) {
  if (disabled_) return Error{ErrorKind::not_found, "AWS_EC2_METADATA_DISABLED is true"};
  const bool had_token = !token_.empty();
  auto answer = ask(path, stop);
  if (answer && answer->status == 401 && had_token) {  // the token has run out
    token_.clear();
    answer = ask(path, stop);
  }
  if (!answer) return answer.error();
  if (answer->status == 200) return std::move(answer->body);
  return Error{net::kind_of_status(answer->status),
               fmt::format("asked for {}, it answered with status {}", path, answer->status)};
}

}  // namespace muster::aws
