#include "aws/fault.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/core.h>

#include "aws/document.hpp"
#include "aws/identity.hpp"
#include "base/text.hpp"

namespace muster::aws {

namespace {

template <std::size_t kSize>
using Codes = std::array<std::string_view, kSize>;

// The codes that AWS's tools retry as throttling and as transient in their standard mode.
constexpr Codes<14> kThrottling{"BandwidthLimitExceeded",
                                "EC2ThrottledException",
                                "LimitExceededException",
                                "PriorRequestNotComplete",
                                "ProvisionedThroughputExceededException",
                                "RequestLimitExceeded",
                                "RequestThrottled",
                                "RequestThrottledException",
                                "SlowDown",
                                "ThrottledException",
                                "Throttling",
                                "ThrottlingException",
                                "TooManyRequestsException",
                                "TransactionInProgressException"};
constexpr Codes<3> kTransient{"InternalFailure", "RequestTimeout", "RequestTimeoutException"};
constexpr Codes<3> kExpired{"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"};
constexpr Codes<4> kUnknownKey{"InvalidClientTokenId", "UnrecognizedClientException",
                               "InvalidAccessKeyId", "MissingAuthenticationToken"};
constexpr Codes<3> kBadSignature{"SignatureDoesNotMatch", "InvalidSignatureException",
                                 "AuthFailure"};
constexpr Codes<3> kSkewed{"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"};
constexpr Codes<4> kDenied{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation",
                           "NotAuthorized"};
constexpr Codes<4> kNotFound{"ResourceNotFoundException", "ParameterNotFound",
                             "ParameterVersionNotFound", "ResourceNotFound"};
constexpr Codes<3> kUnknownAction{"InvalidAction", "UnknownOperation", "UnknownOperationException"};
constexpr Codes<2> kNotSubscribed{"OptInRequired", "SubscriptionRequiredException"};
constexpr Codes<6> kConflict{"ConditionalCheckFailedException",
                             "ResourceAlreadyExistsException",
                             "ResourceContention",
                             "ResourceInUse",
                             "ScalingActivityInProgress",
                             "TransactionConflictException"};

template <std::size_t kSize>
bool is_one_of(const Fault& fault, const Codes<kSize>& codes) {
  return std::ranges::find(codes, fault.code) != codes.end();
}

// "com.amazonaws.x#Code:http://…" is Code.
std::string bare(std::string_view code) {
  if (const auto hash = code.rfind('#'); hash != std::string_view::npos) {
    code.remove_prefix(hash + 1);
  }
  return std::string(trim(code.substr(0, code.find(':'))));
}

std::string first_of(std::initializer_list<std::string> candidates) {
  const auto found =
      std::ranges::find_if(candidates, [](const auto& each) { return !each.empty(); });
  return found == candidates.end() ? "" : *found;
}

void read_xml(const net::ClientResponse& response, Fault& fault) {
  const auto document = parse_xml(response.body);
  if (!document) return;
  const auto* error = document->find("Error");
  if (!error) error = document->find("Errors/Error");  // EC2
  if (error) {
    fault.code = error->text_at("Code");
    fault.message = error->text_at("Message");
  }
  fault.request_id = first_of({document->text_at("RequestId"), document->text_at("RequestID")});
}

void read_json(const net::ClientResponse& response, Fault& fault) {
  const auto document = parse_json(response.body);
  if (!document) return;
  fault.code = bare(first_of({document->text_at("__type"), document->text_at("code")}));
  fault.message = first_of({document->text_at("message"), document->text_at("Message")});
}

ErrorKind kind_of(const Fault& fault) {
  if (is_throttling(fault) || is_transient(fault)) return ErrorKind::unavailable;
  if (is_one_of(fault, kDenied)) return ErrorKind::forbidden;
  if (is_about_credentials(fault) || is_about_time(fault)) {
    return ErrorKind::unauthenticated;
  }
  if (is_one_of(fault, kNotFound)) return ErrorKind::not_found;
  if (is_one_of(fault, kConflict)) return ErrorKind::conflict;
  const auto kind = net::kind_of_status(fault.status);
  // Any web server answers 404, and none but AWS can tell that there is no such table.
  return kind == ErrorKind::not_found && fault.code.empty() ? ErrorKind::invalid : kind;
}

// What follows `mark` in AWS's words, up to a blank.
std::string word_after(std::string_view message, std::string_view mark) {
  const auto at = message.find(mark);
  if (at == std::string_view::npos) return {};
  message = trim(message.substr(at + mark.size()));
  message = message.substr(0, message.find_first_of(" \n,;"));
  while (message.ends_with('.')) message.remove_suffix(1);
  return std::string(message);
}

bool says(const Fault& fault, std::string_view words) {
  return fault.message.find(words) != std::string::npos;
}

// "a service control policy", in AWS's words, of the policy that denies. Nothing: none does.
std::optional<std::string> denying_policy(std::string_view message) {
  constexpr std::string_view kMark = "with an explicit deny";
  const auto at = message.find(kMark);
  if (at == std::string_view::npos) return std::nullopt;
  auto policy = trim(message.substr(at + kMark.size()));
  if (!policy.starts_with("in ")) return "a policy";
  policy = policy.substr(3, policy.find_first_of(":;,.\n") - 3);
  return printable(trim(policy), 100);
}

// "the role ci"; AWS says who has called.
std::string caller_in(std::string_view message) {
  constexpr std::string_view kMark = "User: ";
  const auto at = message.find(kMark);
  const auto end = message.find(" is not authorized", at);
  if (end == std::string_view::npos) return "the caller";
  const auto who = message.substr(at + kMark.size(), end - at - kMark.size());
  return who.starts_with("arn:") ? policy_holder(who) : "the caller";
}

// Which policy has to allow it. AWS names the kind of the one that does not: an identity's own, or
// "service control policy", "permissions boundary", "session policy", …, of which none can give
// what another does not.
std::string policy_to_change(std::string_view message) {
  constexpr std::string_view kMark = "because no ";
  constexpr std::size_t kLongestKind = 40;
  const auto caller = caller_in(message);
  const auto at = message.find(kMark);
  const auto end = message.find(" allows ", at);
  if (end != std::string_view::npos) {
    const auto kind = message.substr(at + kMark.size(), end - at - kMark.size());
    if (kind != "identity-based policy") {
      return fmt::format("the {} that holds for {}", printable(kind, kLongestKind), caller);
    }
  }
  return "the policy of " + caller;
}

// AWS names no resource where it knows none: its Describe actions can be allowed on all only.
std::string cure_of_denial(const Fault& fault, std::string_view action) {
  if (says(fault, "Access to KMS is not allowed")) {
    return "allow kms:Decrypt on the secret's KMS key, in the caller's policy and in the key's";
  }
  const auto told = word_after(fault.message, "not authorized to perform:");
  const auto denied = told.empty() ? std::string(action) : told;
  auto resource = word_after(fault.message, "on resource:");
  if (resource.empty() && denied.starts_with("autoscaling:Describe")) resource = "*";
  const auto what = printable(denied) + (resource.empty() ? "" : " on " + printable(resource, 300));
  if (const auto policy = denying_policy(fault.message)) {
    return fmt::format("remove the deny of {} in {}, as no permission outweighs it", what, *policy);
  }
  return fmt::format("allow {} in {}", what, policy_to_change(fault.message));
}

// Of the services that keep what we need: where AWS's words do not say what to do.
std::string cure_of_keeper(const Fault& fault, std::string_view action) {
  if (fault.code == "DecryptionFailure") {
    return "see that the secret's KMS key is enabled, and that kms:Decrypt on it is allowed";
  }
  if (fault.code == "InvalidRequestException" && says(fault, "marked for deletion")) {
    return "restore it with 'aws secretsmanager restore-secret', or name another one";
  }
  if (!action.starts_with("dynamodb:")) return {};
  if (is_throttling(fault)) {
    return "set the table's capacity to on-demand (PAY_PER_REQUEST), or provide more of it";
  }
  if (says(fault, "exceeded the maximum allowed size")) {
    return "delete this item of the table: a new one is made, and what it kept is learnt anew";
  }
  return {};
}

// AWS counts the calls of an account in a region together, whoever makes them.
std::string cure_of_throttling(std::string_view action) {
  return fmt::format(
      "if it stays so, see who else calls {} so often in this account and region, or have AWS "
      "raise its limit (Service Quotas)",
      action.substr(0, action.find(':')));
}

// Of the region or the service, and not of the key: AWS's words quote neither key nor request.
bool is_out_of_scope(const Fault& fault) {
  return is_one_of(fault, kBadSignature) &&
         trim(fault.message).starts_with("Credential should be scoped to ");
}

// Of what has no code of AWS's, and may not be of AWS at all; and of AWS's own troubles.
std::string_view cure_of_status(int status) {
  if (status == 407) {
    return "give the proxy's address the user and the password that it wants, or let AWS be "
           "reached without it (no_proxy)";
  }
  if (status < 500) {
    return "this may not be AWS: correct the endpoint if one is set, and see the proxies on the "
           "way";
  }
  return "if it stays so, see whether AWS is well (https://health.aws.amazon.com), and the proxies "
         "on the way to it";
}

std::string cure_of(const Fault& fault, std::string_view action) {
  if (is_one_of(fault, kDenied)) return cure_of_denial(fault, action);
  if (is_one_of(fault, kExpired)) return "renew the credentials";
  if (is_one_of(fault, kUnknownKey)) {
    return "use a key, secret and session token that were issued together, are still active, and "
           "are for this region's AWS";
  }
  if (is_out_of_scope(fault)) {
    return "set the region, and the endpoint if one is set, to those of the service that is asked";
  }
  if (is_one_of(fault, kBadSignature)) {
    return "the secret does not belong to this key: use the two that were issued together";
  }
  if (is_one_of(fault, kSkewed)) return "set this machine's clock";
  if (is_one_of(fault, kUnknownAction)) {
    return "set the endpoint, if one is set, to that of the service that is asked";
  }
  if (is_one_of(fault, kNotSubscribed)) {
    return "complete the account's sign-up with AWS, and enable the region for it";
  }
  if (auto cure = cure_of_keeper(fault, action); !cure.empty()) return cure;
  if (is_throttling(fault)) return cure_of_throttling(action);
  if (!fault.code.empty() && !is_transient(fault)) return {};
  return std::string(cure_of_status(fault.status));
}

}  // namespace

Fault read_fault(const net::ClientResponse& response,
                 std::initializer_list<std::string_view> secrets) {
  Fault fault{.status = response.status};
  if (trim(response.body).starts_with('<')) {
    read_xml(response, fault);
  } else {
    read_json(response, fault);
  }
  if (const auto type = response.headers.get("x-amzn-errortype"); type && fault.code.empty()) {
    fault.code = bare(*type);
  }
  fault.request_id =
      first_of({fault.request_id, response.headers.get("x-amzn-requestid").value_or(""),
                response.headers.get("x-amz-request-id").value_or("")});
  for (const auto secret : secrets) fault.message = without(fault.message, secret);
  return fault;
}

bool is_throttling(const Fault& fault) {
  return is_one_of(fault, kThrottling) || fault.status == 429;
}

bool is_transient(const Fault& fault) {
  const auto status = fault.status;
  return is_one_of(fault, kTransient) || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

bool is_about_credentials(const Fault& fault) {
  return is_one_of(fault, kExpired) || is_one_of(fault, kUnknownKey) ||
         is_one_of(fault, kBadSignature);
}

bool is_about_time(const Fault& fault) {
  return is_one_of(fault, kSkewed) || is_one_of(fault, kBadSignature);
}

Error describe(const Fault& fault, std::string_view action, std::string_view who) {
  const auto kind = kind_of(fault);
  auto text = fmt::format(
      "{} failed with {}", action,
      fault.code.empty() ? fmt::format("status {}", fault.status) : printable(fault.code));
  // A wrong signature is answered with the whole of what should have been signed.
  if (!fault.message.empty() && (!is_one_of(fault, kBadSignature) || is_out_of_scope(fault))) {
    text += ": " + printable(trim(fault.message), 600);
    while (text.ends_with('.')) text.pop_back();
  }
  std::string notes;
  if (kind == ErrorKind::unauthenticated) notes = fmt::format("{}, ", who);
  if (!fault.request_id.empty()) notes += fmt::format("request {}, ", printable(fault.request_id));
  if (!notes.empty()) text += fmt::format(" ({})", notes.substr(0, notes.size() - 2));
  if (const auto cure = cure_of(fault, action); !cure.empty()) text += ": " + cure;
  return {kind, text};
}

}  // namespace muster::aws
