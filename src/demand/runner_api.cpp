#include "demand/runner_api.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "net/call_count.hpp"
#include "protocol/json.hpp"

namespace muster::demand {

namespace {

constexpr Millis kConnectTimeout = std::chrono::seconds(5);
constexpr std::uint64_t kLongestAnswer = 16 << 20;  // bytes: some 50,000 runners

constexpr std::string_view kCureOfOddAnswer =
    "; see whether circleci.url is right and whether CircleCI is well "
    "(https://status.circleci.com)";

constexpr std::string_view kCureOfSilence =
    "; if it stays so, see whether CircleCI is well (https://status.circleci.com), and the proxies "
    "on the way to it";

// What a person can do about a status. What a proxy or another page says is not about the class.
std::string_view cure(int status, bool documented) {
  if (!documented && (status == 403 || status == 404)) return kCureOfOddAnswer;
  switch (status) {
    case 401:
      return "; use a valid personal token";
    case 403:
      return "; the token's owner must be a member of the organization, with access to this "
             "resource class";
    case 404:
      return "; either there is no such resource class, or the token's owner is no member of its "
             "organization with access to it";
    case 429:
      return "; lower circleci.requests_per_minute if it stays so";
    default:
      return kCureOfOddAnswer;
  }
}

// Peers are known to quote the token that they refuse. A full stop of theirs would not be the end.
std::string peers_words(const Result<protocol::Message>& told, const std::string& token) {
  if (!told) return "";
  const auto whole = without(told->message, token);
  auto words = trim(whole);
  while (words.ends_with('.')) words.remove_suffix(1);
  return words.empty() ? "" : ": " + printable(words, 100);
}

bool is_redirection(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Of the address only the host and port: the rest may hold a secret.
std::string_view host_in(std::string_view location) {
  constexpr std::string_view kBeforeHost = "//";
  const auto path = location.find_first_of("/?#");
  const auto begin = location.find(kBeforeHost);
  if (begin == std::string_view::npos || begin != path) return {};
  const auto server = location.substr(begin + kBeforeHost.size());
  const auto authority = server.substr(0, server.find_first_of("/?#\\"));
  return authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0
}

std::string cure_of_redirection(const net::ClientResponse& answer) {
  const auto location = answer.headers.get("Location").value_or("");
  const auto host = host_in(location);
  return fmt::format(", which sends to {}; correct circleci.url",
                     host.empty() ? "another path" : printable(host, 100));
}

// `now` is by the peer's own clock where it tells it.
Refusal refusal_of(const net::ClientResponse& answer, const std::string& token,
                   const std::string& token_place, WallTime now) {
  const auto told = protocol::from_json<protocol::Message>(answer.body);
  Refusal refusal;
  refusal.documented = told.has_value();
  refusal.error = {net::kind_of_status(answer.status),
                   fmt::format("the answer is {}{}{}", answer.status, peers_words(told, token),
                               is_redirection(answer.status)
                                   ? cure_of_redirection(answer)
                                   : std::string(cure(answer.status, refusal.documented)))};
  if (answer.status == 401 && !token_place.empty()) refusal.error.message += " in " + token_place;
  if (answer.status == 429 || answer.status == 401) refusal.scope = Refusal::Scope::source;
  if (const auto header = answer.headers.get("Retry-After")) {
    refusal.retry_after = parse_retry_after(*header, now);
  }
  return refusal;
}

// A part of a list is no list: of whom it does not name nobody knows whether they have connected.
template <class List>
auto whole(List list) -> Answer<decltype(list.items)> {
  const bool goes_on = (list.next_page_token && !list.next_page_token->empty()) ||
                       (list.page && list.page->next && !list.page->next->empty());
  if (!goes_on) return std::move(list.items);
  Refusal refusal;
  refusal.error = {ErrorKind::unavailable,
                   "the list of runners is only the first page of several, which this version of "
                   "muster cannot read; use a newer one"};
  return tl::unexpected(std::move(refusal));
}

Answer<std::int64_t> counted(std::int64_t count) {
  if (count >= 0) return count;
  Refusal refusal;
  refusal.error = {ErrorKind::unavailable,
                   fmt::format("the answer is not what CircleCI documents: {} tasks{}", count,
                               kCureOfOddAnswer)};
  return tl::unexpected(std::move(refusal));
}

}  // namespace

std::optional<Millis> parse_retry_after(std::string_view header, WallTime now) {
  constexpr std::int64_t kMostSeconds = 1'000'000'000;
  const auto text = trim(header);
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto seconds = parse_int(text).value_or(kMostSeconds);  // too many digits for a number
    return std::chrono::seconds(std::min(seconds, kMostSeconds));
  }
  const auto then = net::parse_http_date(std::string(text));
  if (!then) return std::nullopt;
  return std::max(*then - now, Millis(0));
}

template <class T>
Answer<T> RunnerApi::get(std::string_view path, std::string_view parameter,
                         const std::string& value, std::stop_token stop) {
  net::ClientRequest request;
  request.url =
      fmt::format("{}/api/v3/{}?{}={}", url_, path, parameter, net::encode_component(value));
  request.headers.set("Circle-Token", token_);
  request.headers.set("Accept", "application/json");
  request.timeout = patience_;
  request.connect_timeout = std::min(kConnectTimeout, patience_);
  request.answer_limit = kLongestAnswer;
  const auto answer = client_.send(request, stop);
  net::count_call("circleci", answer);
  if (!answer) {
    auto error = answer.error();
    if (error.kind != ErrorKind::cancelled) {
      error.message += client_.may_have_arrived()
                           ? fmt::format(" when asked for {} of {}{}", path, printable(value, 100),
                                         kCureOfSilence)
                           : "; see whether circleci.url is right and this machine reaches it";
    }
    return tl::unexpected(Refusal{std::move(error), Refusal::Scope::unanswered});
  }
  answered_at_ = net::parse_http_date(answer->headers.get("Date").value_or(""));
  if (answer->status != 200) {
    return tl::unexpected(
        refusal_of(*answer, token_, token_place_, answered_at_.value_or(system_clock().wall())));
  }
  auto read = protocol::from_json<T>(answer->body);
  if (read) return std::move(*read);
  Refusal refusal;
  refusal.error = {ErrorKind::unavailable,
                   fmt::format("the answer is not what CircleCI documents: {}{}",
                               printable(without(read.error().message, token_)), kCureOfOddAnswer)};
  return tl::unexpected(std::move(refusal));
}

Answer<std::int64_t> RunnerApi::unclaimed_tasks(const std::string& resource_class,
                                                std::stop_token stop) {
  return get<protocol::UnclaimedTasks>("runner/tasks", "resource-class", resource_class, stop)
      .and_then([](const auto& told) { return counted(told.unclaimed_task_count); });
}

Answer<std::int64_t> RunnerApi::running_tasks(const std::string& resource_class,
                                              std::stop_token stop) {
  return get<protocol::RunningTasks>("runner/tasks/running", "resource-class", resource_class, stop)
      .and_then([](const auto& told) { return counted(told.running_runner_tasks); });
}

Answer<std::vector<protocol::RunnerName>> RunnerApi::runners(const std::string& space,
                                                             std::stop_token stop) {
  return get<protocol::RunnerNames>("runner", "namespace", space, stop)
      .and_then(whole<protocol::RunnerNames>);
}

Answer<std::vector<protocol::RunnerContact>> RunnerApi::contacts(const std::string& resource_class,
                                                                 std::stop_token stop) {
  return get<protocol::RunnerContacts>("runner", "resource-class", resource_class, stop)
      .and_then(whole<protocol::RunnerContacts>);
}

}  // namespace muster::demand
