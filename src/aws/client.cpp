#include "aws/client.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/sign.hpp"
#include "base/text.hpp"
#include "net/call_count.hpp"

namespace muster::aws {

namespace {

constexpr Millis kConnectTimeout{3'000};
constexpr Millis kTimeout{10'000};
constexpr std::uint64_t kLongestAnswer = 8 << 20;

// What may help after a failure.
enum class Again {
  no,
  at_once,  // what was wrong has been put right
  later,
  later_timeout,
};

int cost_of(Again again) {
  if (again == Again::later) return RetryQuota::kUsualCost;
  return again == Again::later_timeout ? RetryQuota::kTimeoutCost : 0;
}

// What a person can do where nobody could be reached.
std::string cure_of_silence(const Endpoint& endpoint, std::string_view region) {
  if (!endpoint.set_by.empty()) return fmt::format("; correct {}", endpoint.set_by);
  return fmt::format("; check that {} is the region meant, and that this machine reaches AWS",
                     region);
}

// And where what came back is not whole.
std::string cure_of_torn_answer(const Endpoint& endpoint) {
  if (!endpoint.set_by.empty()) {
    return fmt::format("; if it stays so, see whether what {} names is AWS, and well",
                       endpoint.set_by);
  }
  return "; if it stays so, see whether AWS is well (https://health.aws.amazon.com), and the "
         "proxies on the way to it";
}

// A file of credentials that is not there must not look like a table that is not.
Error without_credentials(Error error) {
  if (error.kind == ErrorKind::not_found) error.kind = ErrorKind::unauthenticated;
  return error;
}

}  // namespace

struct Client::Call {
  std::string name;  // as in a policy: "autoscaling:SetDesiredCapacity"
  net::Headers headers;
  std::string body;
  bool is_json = false;
  bool is_answered = true;
  Repeat repeat = Repeat::always;
  std::string member;  // what the answer must have: "DoResult/Groups"; empty: nothing
};

struct Client::Outcome {
  Result<Node> answer;
  Again again = Again::no;
};

Result<Client> Client::open(Session& session, net::HttpClient& http, const Service& service,
                            std::string region, const std::stop_token& stop, Patience patience) {
  if (region.empty()) {
    auto found = session.region(stop);
    if (!found) return found.error();
    region = std::move(*found);
  }
  auto endpoint = session.endpoint(service, region);
  if (!endpoint) return endpoint.error();
  const auto attempts = session.max_attempts();
  if (!attempts) return attempts.error();
  return Client(session, http, service, std::move(region), std::move(*endpoint), *attempts,
                std::move(patience));
}

Client::Client(Session& session, net::HttpClient& http, const Service& service, std::string region,
               Endpoint endpoint, int max_attempts, Patience patience)
    : session_(&session),
      http_(&http),
      service_(service),
      region_(std::move(region)),
      endpoint_(std::move(endpoint)),
      max_attempts_(max_attempts),
      patience_(std::move(patience)) {}

Client::Call Client::query_call(const std::string& action, std::string_view version,
                                Parameters parameters) const {
  parameters.insert(parameters.begin(), {{"Action", action}, {"Version", std::string(version)}});
  Call call{.name = fmt::format("{}:{}", service_.signing_name, action),
            .body = encode_form(parameters)};
  call.headers.set("Content-Type", kFormType);
  return call;
}

Result<Node> Client::query(const std::string& action, std::string_view version,
                           Parameters parameters, const std::string& member,
                           const std::stop_token& stop) {
  const auto result = action + "Result";
  auto call = query_call(action, version, std::move(parameters));
  call.member = fmt::format("{}/{}", result, member);
  auto answer = make(call, stop);
  if (!answer) return answer;
  return Node(std::move(*std::ranges::find(answer->children, result, &Node::name)));
}

Result<void> Client::query_unanswered(const std::string& action, std::string_view version,
                                      Parameters parameters, const std::stop_token& stop,
                                      Repeat repeat) {
  auto call = query_call(action, version, std::move(parameters));
  call.repeat = repeat;
  const auto answer = make(call, stop);
  if (!answer) return answer.error();
  return ok();
}

Client::Call Client::json_call(const std::string& action, std::string_view target,
                               std::string body) const {
  Call call{.name = fmt::format("{}:{}", service_.signing_name, action),
            .body = std::move(body),
            .is_json = true};
  call.headers.set("Content-Type", fmt::format("application/x-amz-json-{}", service_.json));
  call.headers.set("X-Amz-Target", fmt::format("{}.{}", target, action));
  return call;
}

Result<Node> Client::json(const std::string& action, std::string_view target, std::string body,
                          const std::stop_token& stop, Repeat repeat) {
  auto call = json_call(action, target, std::move(body));
  call.repeat = repeat;
  return make(call, stop);
}

Result<void> Client::json_unanswered(const std::string& action, std::string_view target,
                                     std::string body, const std::stop_token& stop) {
  auto call = json_call(action, target, std::move(body));
  call.is_answered = false;
  const auto answer = make(call, stop);
  if (!answer) return answer.error();
  return ok();
}

Result<Node> Client::make(const Call& call, const std::stop_token& stop) {
  for (int attempts = 1, paid = 0;; ++attempts) {
    auto outcome = attempt(call, stop);
    if (outcome.answer) {
      quota_.give_back(paid);
      return std::move(outcome.answer);
    }
    const bool too_late = call.repeat == Repeat::not_later && outcome.again != Again::at_once;
    if (outcome.again == Again::no || too_late) return outcome.answer.error();
    paid = cost_of(outcome.again);
    if (attempts >= max_attempts_ || !quota_.take(paid)) {
      auto error = outcome.answer.error();
      if (attempts > 1) error.message += fmt::format(" (attempt {})", attempts);
      return error;
    }
    if (outcome.again != Again::at_once) {
      patience_.sleep(pause_after(attempts, patience_.random()), stop);
    }
    if (stop.stop_requested()) {
      return Error{ErrorKind::cancelled, fmt::format("stopped waiting for {}", call.name)};
    }
  }
}

Client::Outcome Client::attempt(const Call& call, const std::stop_token& stop) {
  const auto credentials = session_->credentials().get(stop);
  if (!credentials) return {without_credentials(credentials.error())};
  const auto response = http_->send(signed_request(call, *credentials), stop);
  if (response) {
    answered_at_ = net::parse_http_date(response->headers.get("Date").value_or(""));
    return judge(call, *credentials, *response, stop);
  }
  net::count_call(service_.signing_name, response);

  auto error = response.error();
  if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout) {
    error.message += http_->may_have_arrived() ? cure_of_torn_answer(endpoint_)
                                               : cure_of_silence(endpoint_, region_);
  }
  auto again = Again::no;
  if (call.repeat == Repeat::always || !http_->may_have_arrived()) {
    if (error.kind == ErrorKind::unavailable) again = Again::later;
    if (error.kind == ErrorKind::timeout) again = Again::later_timeout;
  }
  return {error.within(fmt::format("{} in {}", call.name, region_)), again};
}

net::ClientRequest Client::signed_request(const Call& call, const Credentials& credentials) const {
  net::ClientRequest request{.method = "POST",
                             .url = endpoint_.url() + "/",
                             .headers = call.headers,
                             .body = call.body,
                             .connect_timeout = kConnectTimeout,
                             .timeout = kTimeout,
                             .answer_limit = kLongestAnswer};
  request.headers.set("Host", endpoint_.host);
  const RequestToSign to_sign{.method = request.method,
                              .path = endpoint_.path + "/",
                              .headers = request.headers.all(),
                              .body = request.body};
  const SigningScope scope{.region = region_, .service = std::string(service_.signing_name)};
  const auto added = sign(to_sign, credentials, scope, session_->aws_now());
  for (const auto& [name, value] : added.all()) request.headers.set(name, value);
  return request;
}

Result<Node> Client::read(const Call& call, const std::string& body) const {
  auto answer = call.is_json ? parse_json(body) : parse_xml(body);
  if (answer && (call.member.empty() || answer->find(call.member))) return answer;
  const auto why = answer ? fmt::format("what {} answers is not AWS's answer", endpoint_.host)
                          : "the answer: " + answer.error().message;
  return Error{ErrorKind::unavailable,
               fmt::format("{}: {}{}", call.name, why, cure_of_torn_answer(endpoint_))};
}

Client::Outcome Client::judge(const Call& call, const Credentials& credentials,
                              const net::ClientResponse& response, const std::stop_token& stop) {
  const auto unless_done = call.repeat == Repeat::always ? Again::later : Again::no;
  if (response.status >= 200 && response.status < 300) {
    if (answered_at_) session_->learn_time(*answered_at_);
    net::count_call(service_.signing_name, net::CallOutcome::ok);
    if (!call.is_answered) return {Node{}};
    auto answer = read(call, response.body);
    const auto again = answer ? Again::no : unless_done;
    return {std::move(answer), again};
  }
  const std::string_view id = credentials.access_key_id;
  const auto fault = read_fault(response, {credentials.secret_access_key, credentials.session_token,
                                           has_proper_key(credentials) ? "" : id});
  const auto error = describe(fault, call.name, shown_key(credentials));
  net::count_call(service_.signing_name, is_throttling(fault)
                                             ? net::CallOutcome::throttled
                                             : net::outcome_of_status(response.status));
  if (is_throttling(fault)) return {error, Again::later};
  if (is_transient(fault)) return {error, unless_done};
  const bool otherwise = can_try_otherwise(fault, credentials, stop);
  return {error, otherwise ? Again::at_once : Again::no};
}

// With another time, or with other credentials.
bool Client::can_try_otherwise(const Fault& fault, const Credentials& credentials,
                               const std::stop_token& stop) {
  if (is_about_time(fault)) {
    if (answered_at_ && session_->learn_time(*answered_at_)) return true;
  }
  if (!is_about_credentials(fault)) return false;
  session_->credentials().discard(credentials);
  const auto others = session_->credentials().get(stop);
  return others && !(*others == credentials);
}

}  // namespace muster::aws
