#include "aws/lambda_runtime.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr Millis kAnyTime = std::chrono::hours(24 * 7);  // a frozen function sleeps on
constexpr Millis kTellTime = std::chrono::seconds(5);

}  // namespace

std::optional<LambdaRuntime> LambdaRuntime::of(const Environment& environment) {
  const auto host = environment("AWS_LAMBDA_RUNTIME_API");
  if (!host) return std::nullopt;
  return LambdaRuntime(*host);
}

LambdaRuntime::LambdaRuntime(const std::string& host)
    : url_(fmt::format("http://{}/2018-06-01/runtime", host)) {}

Result<Invocation> LambdaRuntime::next(const std::stop_token& stop) {
  const auto answer = net::expect_success(
      http_.send({.url = url_ + "/invocation/next", .direct = true, .timeout = kAnyTime}, stop));
  if (!answer) return answer.error().within("waiting for an invocation");
  const auto id = answer->headers.get("Lambda-Runtime-Aws-Request-Id");
  const auto deadline = parse_int(answer->headers.get("Lambda-Runtime-Deadline-Ms").value_or(""));
  constexpr std::int64_t kLatest = 253'402'300'799'999;  // the end of the year 9999
  if (!id || id->empty() || !deadline || *deadline < 0 || *deadline > kLatest) {
    return Error{ErrorKind::unavailable, "an invocation came without its id or deadline"};
  }
  return Invocation{*id, WallTime(Millis(*deadline))};
}

Result<void> LambdaRuntime::succeed(const Invocation& invocation, std::string result_json) {
  return post(fmt::format("/invocation/{}/response", invocation.id), std::move(result_json), "");
}

namespace {

std::string error_json(std::string_view type, std::string_view message) {
  return fmt::format(R"({{"errorMessage":{},"errorType":{},"stackTrace":[]}})", json_text(message),
                     json_text(type));
}

}  // namespace

Result<void> LambdaRuntime::fail(const Invocation& invocation, std::string_view type,
                                 std::string_view message) {
  return post(fmt::format("/invocation/{}/error", invocation.id), error_json(type, message), type);
}

Result<void> LambdaRuntime::fail_to_start(std::string_view type, std::string_view message) {
  return post("/init/error", error_json(type, message), type);
}

Result<void> LambdaRuntime::post(const std::string& path, std::string body,
                                 std::string_view error_type) {
  net::ClientRequest request{.method = "POST",
                             .url = url_ + path,
                             .body = std::move(body),
                             .direct = true,
                             .timeout = kTellTime};
  request.headers.set("Content-Type", "application/json");
  if (!error_type.empty()) {
    request.headers.set("Lambda-Runtime-Function-Error-Type", std::string(error_type));
  }
  const auto answer = net::expect_success(http_.send(request));
  if (!answer) return answer.error().within("telling Lambda how it went");
  return ok();
}

}  // namespace muster::aws
