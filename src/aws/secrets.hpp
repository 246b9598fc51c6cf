#pragma once

// Secrets that AWS keeps. What is returned is secret: it goes into no log and no error.
// One thread at a time.

#include <stop_token>
#include <string>

#include "aws/client.hpp"
#include "base/result.hpp"

namespace muster::aws {

// Secrets Manager.
class SecretsManager {
 public:
  // As Client::open().
  static Result<SecretsManager> open(Session& session, net::HttpClient& http, std::string region,
                                     const std::stop_token& stop,
                                     Patience patience = usual_patience());

  // The present value of the secret of this name or ARN: its text, or its bytes.
  Result<std::string> value(const std::string& id, const std::stop_token& stop);

 private:
  explicit SecretsManager(Client client) : client_(std::move(client)) {}
  Client client_;
};

// Systems Manager's parameters.
class ParameterStore {
 public:
  // As Client::open().
  static Result<ParameterStore> open(Session& session, net::HttpClient& http, std::string region,
                                     const std::stop_token& stop,
                                     Patience patience = usual_patience());

  // The value of the parameter of this name or ARN, decrypted if it is a SecureString.
  Result<std::string> value(const std::string& name, const std::stop_token& stop);

 private:
  explicit ParameterStore(Client client) : client_(std::move(client)) {}
  Client client_;
};

}  // namespace muster::aws
