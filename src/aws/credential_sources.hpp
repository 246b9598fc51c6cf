#pragma once

// The places where credentials may be, each by itself. Their order is in credential_cache.hpp.
//
// A source answers with credentials; or with why it has none, so that the next is asked; or with
// an error, if it was set up and does not work: falling back to other credentials would call as
// somebody else. No answer holds a secret but the credentials themselves.

#include <stop_token>
#include <string>
#include <variant>

#include "aws/credentials.hpp"
#include "aws/environment.hpp"
#include "aws/instance_metadata.hpp"
#include "aws/profile.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"

namespace muster::aws {

struct Absent {
  std::string why;
};
using FoundCredentials = Result<std::variant<Credentials, Absent>>;

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
FoundCredentials from_environment(const Environment& environment);

// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME: STS gives credentials for it.
// `profile` is only asked for region and endpoint.
FoundCredentials from_web_identity(const Environment& environment, const Profile& profile,
                                   net::HttpClient& http, const std::stop_token& stop);

// Its keys, or its web_identity_token_file with role_arn. What it says of other ways (SSO,
// source_profile, credential_source, credential_process, login_session) is an error.
FoundCredentials from_profile(const Environment& environment, const Profile& profile,
                              net::HttpClient& http, const std::stop_token& stop);

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS), with
// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or _TOKEN. Plain HTTP only to this machine.
FoundCredentials from_container(const Environment& environment, net::HttpClient& http,
                                const std::stop_token& stop);

// The role of the EC2 instance. It is never an error: this is the last that is asked.
FoundCredentials from_instance(InstanceMetadata& instance, const std::stop_token& stop);

}  // namespace muster::aws
