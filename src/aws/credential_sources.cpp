#include "aws/credential_sources.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/document.hpp"
#include "aws/web_identity.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::aws {

namespace {

// As the container endpoint and the instance metadata service write them.
Result<Credentials> read_json_credentials(const std::string& body, std::string source) {
  const auto document = parse_json(body);
  if (!document) return document.error();
  Credentials credentials{.access_key_id = document->text_at("AccessKeyId"),
                          .secret_access_key = document->text_at("SecretAccessKey"),
                          .session_token = document->text_at("Token"),
                          .source = std::move(source)};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Error{ErrorKind::unavailable,
                 fmt::format("the answer has no credentials, but the code '{}'",
                             printable(document->text_at("Code")))};
  }
  if (const auto expires = document->text_at("Expiration"); !expires.empty()) {
    const auto time = parse_rfc3339(expires);
    if (!time) return time.error().within("Expiration");
    credentials.expires_at = *time;
  }
  return credentials;
}

// The host of an address, or nothing if it might be read otherwise elsewhere.
std::string host_of(std::string_view url) {
  if (url.find_first_of("@\\ \t\r\n") != std::string_view::npos) return {};
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.starts_with('[')) return std::string(url.substr(0, url.find(']') + 1));
  return std::string(url.substr(0, url.find(':')));
}

bool may_be_asked(const std::string& url) {
  const auto host = host_of(url);
  if (host.empty()) return false;
  if (url.starts_with("https://")) return true;
  constexpr std::string_view kAgents[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
  return url.starts_with("http://") &&
         (net::is_loopback(host) || std::ranges::find(kAgents, host) != std::end(kAgents));
}

// Empty: none is needed.
Result<std::string> container_authorization(const Environment& environment) {
  constexpr std::uint64_t kLongest = 64 << 10;
  auto token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  if (const auto file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    auto content = read_file(*file, kLongest);
    if (!content) return content.error().within("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    token = trim(*content);
  }
  if (net::is_one_line(token)) return token;
  return Error{ErrorKind::invalid, "the authorization token has a line break in it"};
}

Result<Credentials> ask_container(const std::string& url, const Environment& environment,
                                  net::HttpClient& http, const std::stop_token& stop) {
  auto authorization = container_authorization(environment);
  if (!authorization) return authorization.error();
  net::ClientRequest request{.url = url,
                             .direct = true,
                             .connect_timeout = Millis(2000),
                             .timeout = Millis(5000),
                             .answer_limit = 64 << 10};
  if (!authorization->empty()) request.headers.set("Authorization", *authorization);
  const auto answer = http.send(request, stop);
  if (!answer) return answer.error();
  if (answer->status != 200) {
    return Error{net::kind_of_status(answer->status),
                 fmt::format("it answered with status {}", answer->status)};
  }
  return read_json_credentials(answer->body, "the container's role");
}

std::string unsupported_way(const Profile& profile) {
  for (const auto* setting :
       {"sso_session", "sso_start_url", "login_session", "source_profile", "credential_source"}) {
    if (profile.get(setting)) return setting;
  }
  return profile.get("role_arn") ? "role_arn" : "";
}

Error unsupported(const Profile& profile, std::string_view way) {
  return {ErrorKind::unauthenticated,
          fmt::format("the profile '{0}' gets its credentials by {1}, which muster does not do; "
                      "{2}run: eval \"$(aws configure export-credentials --profile '{0}' --format "
                      "env)\", or use the role of an instance or a container",
                      printable(profile.name), way,
                      way.starts_with("sso") ? "log in with 'aws sso login', and " : "")};
}

}  // namespace

FoundCredentials from_environment(const Environment& environment) {
  const auto id = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (!id) return Absent{"AWS_ACCESS_KEY_ID is not set"};
  if (!secret) {
    return Error{
        ErrorKind::unauthenticated,
        "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not: set both, or neither"};
  }
  return Credentials{.access_key_id = *id,
                     .secret_access_key = *secret,
                     .session_token = environment("AWS_SESSION_TOKEN").value_or(""),
                     .source = "the environment"};
}

FoundCredentials from_web_identity(const Environment& environment, const Profile& profile,
                                   net::HttpClient& http, const std::stop_token& stop) {
  const auto file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!file) return Absent{"AWS_WEB_IDENTITY_TOKEN_FILE is not set"};
  const auto role = environment("AWS_ROLE_ARN");
  if (!role) {
    return Error{
        ErrorKind::unauthenticated,
        "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not: set both, or neither"};
  }
  const WebIdentity identity{*file, *role, environment("AWS_ROLE_SESSION_NAME").value_or("muster")};
  auto credentials = assume_role(identity, environment, profile, http, stop);
  if (!credentials) return credentials.error().within("web identity");
  return *credentials;
}

FoundCredentials from_profile(const Environment& environment, const Profile& profile,
                              net::HttpClient& http, const std::stop_token& stop) {
  if (!profile.exists) {
    return Absent{
        fmt::format("there is no profile '{}' in {}", printable(profile.name), profile.files)};
  }
  const auto file = profile.get("web_identity_token_file");
  const auto role = profile.get("role_arn");
  if (file && role) {
    const WebIdentity identity{*file, *role, profile.get("role_session_name").value_or("muster")};
    auto credentials = assume_role(identity, environment, profile, http, stop);
    if (!credentials) {
      return credentials.error().within(fmt::format("the profile '{}'", printable(profile.name)));
    }
    return *credentials;
  }
  if (const auto way = unsupported_way(profile); !way.empty()) return unsupported(profile, way);
  const auto id = profile.get("aws_access_key_id");
  const auto secret = profile.get("aws_secret_access_key");
  if (id && secret) {
    return Credentials{.access_key_id = *id,
                       .secret_access_key = *secret,
                       .session_token = profile.get("aws_session_token").value_or(""),
                       .source = fmt::format("the profile '{}'", printable(profile.name))};
  }
  if (id || secret) {
    return Error{ErrorKind::unauthenticated,
                 fmt::format("the profile '{}' in {} has only one of aws_access_key_id and "
                             "aws_secret_access_key: set both, or neither",
                             printable(profile.name), profile.files)};
  }
  if (profile.get("credential_process")) return unsupported(profile, "credential_process");
  return Absent{
      fmt::format("the profile '{}' in {} has no keys", printable(profile.name), profile.files)};
}

FoundCredentials from_container(const Environment& environment, net::HttpClient& http,
                                const std::stop_token& stop) {
  const auto relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) {
    return Absent{
        "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI "
        "is set"};
  }
  if (relative && !relative->starts_with('/')) {
    return Error{ErrorKind::invalid, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with /"};
  }
  const auto url = relative ? "http://169.254.170.2" + *relative : *full;
  if (!may_be_asked(url)) {
    return Error{ErrorKind::invalid,
                 "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https://, or http:// to this machine "
                 "(localhost, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23])"};
  }
  auto credentials = ask_container(url, environment, http, stop);
  if (!credentials) return credentials.error().within("the container's credentials");
  return *credentials;
}

FoundCredentials from_instance(InstanceMetadata& instance, const std::stop_token& stop) {
  const std::string folder = "iam/security-credentials/";
  const auto roles = instance.get(folder, stop);
  if (!roles) {
    const bool none = roles.error().kind == ErrorKind::not_found;
    return Absent{roles.error().message + (none ? "; an instance needs an instance profile" : "")};
  }
  const auto role = std::string(trim(std::string_view(*roles).substr(0, roles->find('\n'))));
  const auto body = instance.get(folder + net::encode_component(role), stop);
  if (!body) return Absent{body.error().message};
  auto credentials =
      read_json_credentials(*body, fmt::format("the instance's role '{}'", printable(role)));
  if (!credentials) return Absent{credentials.error().message};
  return *credentials;
}

}  // namespace muster::aws
