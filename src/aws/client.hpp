#pragma once

// Calls to one service of AWS in one region: signed, tried again where that helps, and with AWS's
// code, message and request id in the error.
//
// One thread at a time. Clients of one thread share its HttpClient: its connections, and with them
// one copy of the certificates.

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "aws/document.hpp"
#include "aws/fault.hpp"
#include "aws/form.hpp"
#include "aws/region_and_endpoint.hpp"
#include "aws/retry.hpp"
#include "aws/session.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"

namespace muster::aws {

enum class Repeat {
  always,        // doing it twice is as doing it once
  when_refused,  // only if AWS has certainly not done it: not after a time-out or a lost answer
  not_later,     // as that, and at once or never: what is right now may be wrong in a second
};

class Client {
 public:
  // An empty region is the session's. `session` and `http` must outlive the client.
  static Result<Client> open(Session& session, net::HttpClient& http, const Service& service,
                             std::string region, const std::stop_token& stop,
                             Patience patience = usual_patience());

  // A service that takes forms and answers in XML: what is within <ActionResult>. An answer that
  // has not `member` in there is none of AWS's, and must not be taken for an empty one.
  Result<Node> query(const std::string& action, std::string_view version, Parameters parameters,
                     const std::string& member, const std::stop_token& stop);

  // The same, of an action that answers nothing: any whole XML will do.
  Result<void> query_unanswered(const std::string& action, std::string_view version,
                                Parameters parameters, const std::stop_token& stop,
                                Repeat repeat = Repeat::always);

  // A service that takes and gives JSON. `target` is what comes before the action in
  // X-Amz-Target: "secretsmanager".
  Result<Node> json(const std::string& action, std::string_view target, std::string body,
                    const std::stop_token& stop, Repeat repeat = Repeat::always);

  // The same, of an action that answers nothing: what it does send may be empty, and is not read.
  Result<void> json_unanswered(const std::string& action, std::string_view target, std::string body,
                               const std::stop_token& stop);

  const std::string& region() const { return region_; }
  // The Date of the latest answer: to the second. Nothing: there was none, or it did not say.
  std::optional<WallTime> answered_at() const { return answered_at_; }

 private:
  struct Call;
  struct Outcome;

  Client(Session& session, net::HttpClient& http, const Service& service, std::string region,
         Endpoint endpoint, int max_attempts, Patience patience);

  Call query_call(const std::string& action, std::string_view version, Parameters parameters) const;
  Call json_call(const std::string& action, std::string_view target, std::string body) const;
  Result<Node> make(const Call& call, const std::stop_token& stop);
  Outcome attempt(const Call& call, const std::stop_token& stop);
  net::ClientRequest signed_request(const Call& call, const Credentials& credentials) const;
  Result<Node> read(const Call& call, const std::string& body) const;
  Outcome judge(const Call& call, const Credentials& credentials,
                const net::ClientResponse& response, const std::stop_token& stop);
  bool can_try_otherwise(const Fault& fault, const Credentials& credentials,
                         const std::stop_token& stop);

  Session* session_;
  net::HttpClient* http_;
  Service service_;
  std::string region_;
  Endpoint endpoint_;
  int max_attempts_;
  Patience patience_;
  RetryQuota quota_;
  std::optional<WallTime> answered_at_;
};

}  // namespace muster::aws
