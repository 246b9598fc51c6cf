#include "aws/identity.hpp"

#include <fmt/core.h>

#include "aws/client.hpp"
#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr std::size_t kPartsOfArn = 6;  // arn:aws:iam::123456789012:user/NAME

// What it is of, after the account: "assumed-role/NAME/SESSION". Empty: it is no such ARN.
std::string resource_of(std::string_view arn) {
  const auto parts = split(arn, ':');
  return parts.size() == kPartsOfArn && parts[0] == "arn" ? parts.back() : "";
}

}  // namespace

Result<std::string> caller_arn(Session& session, net::HttpClient& http, std::string region,
                               const std::stop_token& stop) {
  auto client = Client::open(session, http, kSts, std::move(region), stop);
  if (!client) return client.error();
  const auto answer = client->query("GetCallerIdentity", "2011-06-15", {}, "Arn", stop);
  if (!answer) return answer.error();
  auto arn = answer->text_at("Arn");
  if (resource_of(arn).empty()) {
    return Error{ErrorKind::unavailable, "the answer of STS does not say who is asking"};
  }
  return arn;
}

std::string policy_holder(std::string_view arn) {
  const auto words = split(resource_of(arn), '/');
  if (words.size() == 3 && words[0] == "assumed-role") return "the role " + printable(words[1]);
  // A user's name may have a path before it, and is unique without.
  if (words.size() >= 2 && words[0] == "user") return "the user " + printable(words.back());
  return printable(arn);
}

}  // namespace muster::aws
