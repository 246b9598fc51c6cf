#pragma once

// Credentials for a token of somebody else's making, as Kubernetes puts into a pod: STS's
// AssumeRoleWithWebIdentity. The call is not signed; the token is its proof.

#include <stop_token>
#include <string>

#include "aws/credentials.hpp"
#include "aws/environment.hpp"
#include "aws/profile.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"

namespace muster::aws {

struct WebIdentity {
  std::string token_file;  // read anew for each call
  std::string role_arn;
  std::string session_name;
};

Result<Credentials> assume_role(const WebIdentity& identity, const Environment& environment,
                                const Profile& profile, net::HttpClient& http,
                                const std::stop_token& stop);

}  // namespace muster::aws
