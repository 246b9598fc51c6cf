#include "aws/credential_cache.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/credential_sources.hpp"
#include "base/log.hpp"

namespace muster::aws {

namespace {

using std::chrono::minutes;

// The instance metadata service has new ones at least five minutes before the old end.
constexpr Millis kRenewAhead = minutes(10);
constexpr Millis kBetweenAttempts = minutes(1);

// Signed or sent as it is, it would be refused in words that name no cure.
Result<Credentials> checked(Credentials credentials) {
  const std::pair<std::string_view, const std::string&> parts[] = {
      {"access key id", credentials.access_key_id},
      {"secret access key", credentials.secret_access_key},
      {"session token", credentials.session_token}};
  for (const auto& [name, value] : parts) {
    if (std::ranges::all_of(value, [](char c) { return c > ' ' && c < '\x7f'; })) continue;
    return Error{ErrorKind::unauthenticated,
                 fmt::format("AWS credentials: the {} from {} has a blank, a line break or another "
                             "odd character in it: set it anew, without",
                             name, credentials.source)};
  }
  return credentials;
}

}  // namespace

Result<Credentials> find_credentials(const Environment& environment, net::HttpClient& http,
                                     const std::stop_token& stop) {
  std::string reasons;
  const auto absent = [&](std::string_view source, const std::string& why) {
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", source, why);
  };
  const auto profile = load_profile(environment);
  InstanceMetadata instance(environment, http);
  const std::pair<std::string_view, std::function<FoundCredentials()>> sources[] = {
      {"environment", [&] { return from_environment(environment); }},
      {"web identity",
       [&]() -> FoundCredentials {
         return profile ? from_web_identity(environment, *profile, http, stop) : profile.error();
       }},
      {"profile", [&] { return from_profile(environment, *profile, http, stop); }},
      {"container", [&] { return from_container(environment, http, stop); }},
      {"instance", [&] { return from_instance(instance, stop); }},
  };
  for (const auto& [name, ask] : sources) {
    auto found = ask();
    if (stop.stop_requested()) {
      return Error{ErrorKind::cancelled, "stopped looking for AWS credentials"};
    }
    if (!found) return found.error().within("AWS credentials");
    if (auto* credentials = std::get_if<Credentials>(&*found))
      return checked(std::move(*credentials));
    absent(name, std::get<Absent>(*found).why);
  }
  return Error{ErrorKind::unauthenticated,
               fmt::format("there are no AWS credentials: set AWS_ACCESS_KEY_ID and "
                           "AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or give this "
                           "instance or container a role ({})",
                           reasons)};
}

CredentialCache::CredentialCache(Find find, const Clock& clock)
    : find_(std::move(find)), clock_(clock) {}

std::optional<Credentials> CredentialCache::fresh() {
  const std::lock_guard lock(mutex_);
  if (!kept_) return std::nullopt;
  const bool lasts = !kept_->expires_at || clock_.wall() + kRenewAhead < *kept_->expires_at;
  if (!lasts && clock_.monotonic() >= ask_again_) return std::nullopt;
  return kept_;
}

std::optional<Credentials> CredentialCache::valid() {
  const std::lock_guard lock(mutex_);
  if (!kept_ || (kept_->expires_at && clock_.wall() >= *kept_->expires_at)) return std::nullopt;
  return kept_;
}

// Also those that seem to have ended: it may be our clock that is wrong, and AWS knows.
void CredentialCache::keep(Credentials credentials) {
  const std::lock_guard lock(mutex_);
  kept_ = std::move(credentials);
  const auto left = kept_->expires_at ? *kept_->expires_at - clock_.wall() : kBetweenAttempts;
  const bool ends_before = left > Millis(0) && left < kBetweenAttempts;
  ask_again_ = clock_.monotonic() + (ends_before ? left : kBetweenAttempts);
}

void CredentialCache::ask_later(Millis left) {
  const std::lock_guard lock(mutex_);
  ask_again_ = clock_.monotonic() + std::min(kBetweenAttempts, left);
}

Result<Credentials> CredentialCache::get(const std::stop_token& stop) {
  if (auto kept = fresh()) return *kept;
  std::unique_lock turn(asking_, std::defer_lock);
  if (!turn.try_lock()) {
    if (auto old = valid()) return *old;
    turn.lock();
  }
  if (auto kept = fresh()) return *kept;  // another thread has them by now
  auto found = find_(stop);
  if (found) {
    keep(*found);
    return found;
  }
  const auto old = valid();
  if (!old) return found;
  const auto end = old->expires_at.value_or(WallTime::max());
  ask_later(end - clock_.wall());
  log::warn("cannot renew AWS credentials; those at hand are still used",
            {{"until", format_rfc3339(end)}, {"reason", found.error().message}});
  return *old;
}

void CredentialCache::discard(const Credentials& refused) {
  const std::lock_guard lock(mutex_);
  if (kept_ == refused) kept_.reset();
}

}  // namespace muster::aws
