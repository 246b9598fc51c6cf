#include "aws/logs.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr Service kService{.id = "cloudwatch_logs", .host_prefix = "logs", .signing_name = "logs"};
constexpr std::string_view kTarget = "Logs_20140328";

std::string place(const std::string& group, const std::string& stream) {
  return fmt::format(R"("logGroupName":{},"logStreamName":{})", json_text(group),
                     json_text(stream));
}

}  // namespace

Result<Logs> Logs::open(Session& session, net::HttpClient& http, std::string region,
                        const std::stop_token& stop, Patience patience) {
  auto client = Client::open(session, http, kService, std::move(region), stop, std::move(patience));
  if (!client) return client.error();
  return Logs(std::move(*client));
}

Result<void> Logs::create_stream(const std::string& group, const std::string& stream,
                                 const std::stop_token& stop) {
  auto made = client_.json_unanswered("CreateLogStream", kTarget,
                                      fmt::format("{{{}}}", place(group, stream)), stop);
  const bool is_there = !made && made.error().kind == ErrorKind::conflict;
  return is_there ? ok() : made;
}

Result<void> Logs::put(const std::string& group, const std::string& stream, WallTime at,
                       const std::string& message, const std::stop_token& stop) {
  const auto body =
      fmt::format(R"({{{},"logEvents":[{{"timestamp":{},"message":{}}}]}})", place(group, stream),
                  at.time_since_epoch().count(), json_text(message));
  const auto answer = client_.json("PutLogEvents", kTarget, body, stop);
  if (!answer) return answer.error();
  if (const auto* rejected = answer->find("rejectedLogEventsInfo");
      rejected != nullptr && !rejected->children.empty()) {
    return Error{ErrorKind::invalid,
                 "logs:PutLogEvents took nothing: " + rejected->children.front().name};
  }
  return ok();
}

}  // namespace muster::aws
