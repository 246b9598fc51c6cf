#include "doctor/credentials.hpp"

#include <fmt/core.h>

#include "aws/credentials.hpp"
#include "aws/identity.hpp"
#include "base/text.hpp"
#include "doctor/ask.hpp"

namespace muster::doctor {

namespace {

constexpr Millis kSoon = std::chrono::minutes(5);
constexpr const char* kSubject = "AWS";
constexpr std::size_t kLongestArn = 300;

// "the role scaler (arn:…)"; of whom it has no name for, the ARN alone.
std::string named(const std::string& holder, const std::string& arn) {
  return holder == arn ? arn : fmt::format("{} ({})", holder, arn);
}

}  // namespace

Findings examine_credentials(aws::Session& session) {
  constexpr auto kCheck = "credentials";
  Notes notes(kSubject);
  const auto found = ask("the search for AWS credentials", [&](const std::stop_token& stop) {
    return session.credentials().get(stop);
  });
  if (!found) {
    notes.failed(kCheck, found.error(), Asked::as_the_scaler);
    return notes.take();
  }
  const auto words = aws::shown_key(*found);
  const auto left = found->expires_at ? *found->expires_at - session.aws_now() : Millis::max();
  if (!found->expires_at) {
    notes.good(kCheck, words);
  } else if (left > kSoon) {
    notes.good(kCheck, fmt::format("{}, until {}", words, format_rfc3339(*found->expires_at)));
  } else {
    notes.warn(kCheck, fmt::format("{}, only until {}: see that its source renews them", words,
                                   format_rfc3339(*found->expires_at)));
  }
  return notes.take();
}

Identity judge_identity(const Result<std::string>& told, const std::string& key) {
  constexpr auto kCheck = "identity";
  Notes notes(kSubject);
  Caller caller{.words = key, .policy_holder = "its user or role"};
  if (told) {
    const auto arn = printable(*told, kLongestArn);
    caller.policy_holder = aws::policy_holder(*told);
    caller.words = named(caller.policy_holder, arn);
    notes.good(kCheck, fmt::format("AWS is asked as {}: what is said of permissions is of it",
                                   caller.words));
  } else {
    notes.failed(
        kCheck,
        {told.error().kind, "whose these credentials are is not known: " + told.error().message},
        Asked::for_the_doctor);
  }
  return {notes.take(), std::move(caller)};
}

Identity examine_identity(aws::Session& session, const Result<std::string>& region) {
  const auto found = session.credentials().get({});  // they were found before
  const auto key = found ? aws::shown_key(*found) : "these credentials";
  if (!region) return judge_identity(region.error(), key);
  const auto told = ask("AWS in " + *region, [&](const std::stop_token& stop) {
    net::HttpClient http;
    return aws::caller_arn(session, http, *region, stop);
  });
  return judge_identity(told, key);
}

}  // namespace muster::doctor
