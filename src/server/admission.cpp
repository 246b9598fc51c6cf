#include "server/admission.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/same_site.hpp"

namespace muster::server {
namespace {

constexpr std::uint64_t kLongestBody = 64 << 10;
constexpr std::uint64_t kLongestSubmission = 8 << 20;  // a config of 1 MiB, escaped as JSON
constexpr std::uint64_t kLongestUpload = 4 << 20;      // of output, in one request
constexpr std::uint64_t kLongestSource = 1ULL << 30;
constexpr std::uint64_t kLongestSignIn = 1 << 10;  // which strangers send
constexpr std::string_view kApi = "/api/muster/v1/";

net::Response too_often(Millis wait) {
  constexpr Millis kSecond = std::chrono::seconds(1);
  auto response =
      answer(429, protocol::Message{"Too many requests of this token or address: slow down, or see "
                                    "--request-rate of the server."});
  response.headers.set("Retry-After", std::to_string((wait + kSecond - Millis(1)) / kSecond));
  return response;
}

bool brings_body(const net::Request& head) {
  return head.headers.get("Transfer-Encoding") ||
         head.headers.get("Content-Length").value_or("0") != "0";
}

bool is_source(const net::Request& head) {
  const auto prefix = std::string(kApi) + "sources/";
  return head.method == "PUT" && head.path.starts_with(prefix) &&
         store::is_sha256(std::string_view(head.path).substr(prefix.size()));
}

bool is_submission(const net::Request& head) {
  return head.method == "POST" && head.path == std::string(kApi) + "pipelines";
}

bool is_sign_in(const net::Request& head) {
  return head.method == "POST" && head.path == std::string(kApi) + "session";
}

// The task and the attempt whose output it brings: …/tasks/T/attempts/A/steps/I/output.
std::optional<std::pair<std::string, std::string>> output_of(const net::Request& head) {
  if (head.method != "PUT" || !head.path.starts_with(kApi)) return std::nullopt;
  const auto parts = split(std::string_view(head.path).substr(kApi.size()), '/');
  if (parts.size() != 7 || parts[0] != "tasks" || parts[2] != "attempts" || parts[4] != "steps" ||
      parts[6] != "output") {
    return std::nullopt;
  }
  return std::pair(parts[1], parts[3]);
}

std::variant<net::BodyPolicy, net::Response> policy_for_source(store::Store& store,
                                                               const net::Request& head) {
  const auto announced = parse_int(head.headers.get("Content-Length").value_or("")).value_or(0);
  const auto bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(announced, 0));
  if (bytes <= kLongestSource) {
    if (auto room = store.check_room(bytes); !room) {
      return error_response(room.error());
    }
  }
  return net::BodyPolicy{kLongestSource, store.uploads()};
}

// A large body is read only from somebody who may send it, so that nobody else can fill the memory
// or the disk.
std::variant<net::BodyPolicy, net::Response> policy_for(store::Store& store,
                                                        const net::Request& head, WallTime now) {
  if (is_sign_in(head)) return net::BodyPolicy{kLongestSignIn, {}};
  if (const auto named = output_of(head)) {
    const auto& [task, attempt] = *named;
    const auto theirs = require_attempt(store, head, task, attempt);
    if (!theirs) return error_response(theirs.error());
    return net::BodyPolicy{kLongestUpload, {}};
  }
  const bool source = is_source(head);
  if (!source && !is_submission(head)) return net::BodyPolicy{kLongestBody, {}};
  if (auto allowed = require_person(store, head, protocol::Role::run, now); !allowed) {
    return error_response(allowed.error());
  }
  if (source) return policy_for_source(store, head);
  return net::BodyPolicy{kLongestSubmission, {}};
}

}  // namespace

std::optional<std::string> Admission::known_secret(store::Store& store, const net::Request& head,
                                                   Time now) {
  for (auto& shown : shown_by(head)) {
    const bool known = known_.is_known(shown.secret, now.monotonic,
                                       [&] { return is_known(store, shown, now.wall); });
    if (known) return std::move(shown.secret);
  }
  return std::nullopt;
}

// Of a stranger no body is read but that which signs in: whatever else it asks for, without a token
// it would be refused.
// Even with no rate left a token is looked up, as others may be at the same address, a proxy's.
std::variant<net::BodyPolicy, net::Response> Admission::admit(store::Store& store,
                                                              const net::Request& head, Time now) {
  try {
    const auto secret = known_secret(store, head, now);
    const auto caller = secret ? known_by(*secret) : stranger_at(head.peer);
    if (const auto wait = rate_.wait_for(caller, now.monotonic)) return too_often(*wait);
    if (auto own = check_same_site(head); !own) return error_response(own.error());
    if (!secret && brings_body(head) && !is_sign_in(head)) return error_response(not_known(head));
    auto decided = policy_for(store, head, now.wall);
    if (auto* policy = std::get_if<net::BodyPolicy>(&decided)) policy->known = secret.has_value();
    return decided;
  } catch (const db::Failure& failure) {
    log::error("a request failed", {{"path", head.path}, {"error", failure.what()}});
    return error_response(for_caller(failure.error()));
  }
}

}  // namespace muster::server
