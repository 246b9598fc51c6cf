#pragma once

// AWS Lambda's runtime API: what a custom runtime asks for work, and where it tells how that went.
// Source: "Using the Lambda runtime API for custom runtimes" of AWS Lambda's developer guide.
// One thread.

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "aws/environment.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http_client.hpp"

namespace muster::aws {

struct Invocation {
  std::string id;
  WallTime deadline{};  // then this process is ended
};

class LambdaRuntime {
 public:
  // Nothing: this process is no function (AWS_LAMBDA_RUNTIME_API is not set).
  static std::optional<LambdaRuntime> of(const Environment& environment);

  // Waits for as long as it takes.
  Result<Invocation> next(const std::stop_token& stop);

  Result<void> succeed(const Invocation& invocation, std::string result_json);
  // The invocation, or before the first one the start, has failed. `type` is a word, such as
  // "Muster.Held".
  Result<void> fail(const Invocation& invocation, std::string_view type, std::string_view message);
  Result<void> fail_to_start(std::string_view type, std::string_view message);

 private:
  explicit LambdaRuntime(const std::string& host);

  Result<void> post(const std::string& path, std::string body, std::string_view error_type);

  std::string url_;
  net::HttpClient http_;
};

}  // namespace muster::aws
