#include "aws/web_identity.hpp"

#include <fmt/core.h>

#include "aws/document.hpp"
#include "aws/fault.hpp"
#include "aws/form.hpp"
#include "aws/identity.hpp"
#include "aws/region_and_endpoint.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr std::uint64_t kLongestToken = 64 << 10;

Result<net::ClientRequest> request_for(const WebIdentity& identity, const std::string& token,
                                       const Environment& environment, const Profile& profile) {
  auto region = configured_region(environment, profile);
  if (!region) return region.error();
  if (region->empty()) region = "us-east-1";  // any region's STS will do
  const auto endpoint = find_endpoint(kSts, *region, environment, profile);
  if (!endpoint) return endpoint.error();
  net::ClientRequest request{.method = "POST",
                             .url = endpoint->url() + "/",
                             .body = encode_form({{"Action", "AssumeRoleWithWebIdentity"},
                                                  {"Version", "2011-06-15"},
                                                  {"RoleArn", identity.role_arn},
                                                  {"RoleSessionName", identity.session_name},
                                                  {"WebIdentityToken", token}}),
                             .answer_limit = 64 << 10};
  request.headers.set("Content-Type", kFormType);
  return request;
}

Result<Credentials> read_credentials(const std::string& body, std::string source) {
  const auto document = parse_xml(body);
  if (!document) return document.error().within("the answer of STS");
  const std::string path = "AssumeRoleWithWebIdentityResult/Credentials/";
  Credentials credentials{.access_key_id = document->text_at(path + "AccessKeyId"),
                          .secret_access_key = document->text_at(path + "SecretAccessKey"),
                          .session_token = document->text_at(path + "SessionToken"),
                          .source = std::move(source)};
  const auto expires = parse_rfc3339(document->text_at(path + "Expiration"));
  if (!expires || credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Error{ErrorKind::unavailable, "the answer of STS has no credentials"};
  }
  credentials.expires_at = *expires;
  return credentials;
}

}  // namespace

Result<Credentials> assume_role(const WebIdentity& identity, const Environment& environment,
                                const Profile& profile, net::HttpClient& http,
                                const std::stop_token& stop) {
  const auto content = read_file(identity.token_file, kLongestToken);
  if (!content) return content.error();
  const std::string token(trim(*content));
  const auto request = request_for(identity, token, environment, profile);
  if (!request) return request.error();
  const auto answer = http.send(*request, stop);
  if (!answer) return answer.error();
  if (answer->status == 200) {
    return read_credentials(answer->body, "the role " + printable(identity.role_arn));
  }
  const auto who = fmt::format("the token in {}", printable(identity.token_file));
  return describe(read_fault(*answer, {token}), "sts:AssumeRoleWithWebIdentity", who);
}

}  // namespace muster::aws
