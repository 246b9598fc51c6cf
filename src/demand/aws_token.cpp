#include "demand/aws_token.hpp"

#include <memory>
#include <mutex>

#include <fmt/core.h>

#include "aws/document.hpp"
#include "aws/region_and_endpoint.hpp"
#include "aws/secrets.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time_limit.hpp"
#include "base/token_file.hpp"

namespace muster::demand {

namespace {

constexpr Millis kFresh = std::chrono::minutes(1);
constexpr Millis kFreshIfRefused = std::chrono::seconds(10);
constexpr Millis kFreshIfNone = std::chrono::seconds(5);  // as long as none was ever read
constexpr Millis kLongestFetch = std::chrono::seconds(10);
// As in muster.yaml, and as in the stack that makes one.
constexpr auto kField = "circleci.token_field (of the stack: PersonalTokenField)";

std::string shown(const AwsToken& where) {
  const auto* kind =
      where.keeper == AwsToken::Keeper::secrets_manager ? "the secret" : "the parameter";
  return fmt::format("{} {}", kind, printable(where.name));
}

std::string region_of(const AwsToken& where) {
  const auto named = aws::region_in_arn(where.name);
  return named.empty() ? where.region : named;
}

// Only the members' names are told.
Error json_as_token(const std::string& kept, const AwsToken& where) {
  const auto document = aws::parse_json(kept);
  if (!document) {
    return {ErrorKind::invalid,
            fmt::format("{} begins as JSON and is none: put the token there, alone or as a member "
                        "that {} names",
                        shown(where), kField)};
  }
  std::string names;
  for (const auto& member : document->children) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", printable(member.name, 50));
  }
  return {ErrorKind::invalid,
          names.empty() ? shown(where) + " is JSON without a member: put the token there"
                        : fmt::format("{} is JSON with the members {}: set {} to the one that is "
                                      "the token",
                                      shown(where), printable(names, 300), kField)};
}

Error explained(const Error& error, const AwsToken& where) {
  auto told = error.within("reading " + shown(where));
  if (error.kind == ErrorKind::not_found) {
    told.message += fmt::format(
        ": create it, or correct circleci.{}",
        where.keeper == AwsToken::Keeper::secrets_manager ? "token_secret" : "token_parameter");
  }
  return told;
}

// One connection to the keeper. Not thread-safe: remembered() calls it under its lock.
class Keeper {
 public:
  explicit Keeper(AwsToken where) : where_(std::move(where)) {}

  Result<std::string> fetch(const std::stop_token& stop) {
    const auto kept = within(
        kLongestFetch, "AWS",
        [&](const std::stop_token& late) {
          return where_.keeper == AwsToken::Keeper::secrets_manager
                     ? ask<aws::SecretsManager>(late)
                     : ask<aws::ParameterStore>(late);
        },
        stop, "; check that the region is the one meant, and that this machine reaches AWS");
    if (!kept) return explained(kept.error(), where_);
    return token_of(*kept, where_);
  }

 private:
  template <class Service>
  Result<std::string> ask(const std::stop_token& stop) {
    auto service = Service::open(session_, http_, region_of(where_), stop);
    if (!service) return service.error();
    return service->value(where_.name, stop);
  }

  const AwsToken where_;
  aws::Session session_;
  net::HttpClient http_;
};

struct Memory {
  std::mutex mutex;
  std::optional<std::string> token;  // guarded by mutex, as is the rest
  std::optional<MonotonicTime> asked_at;
  std::string asked_for_refused;  // the token that was asked about then; empty: none
  Result<std::string> latest = Error{ErrorKind::unavailable, "not read yet"};
};

// Under its lock. What was refused is asked for again at once, and is then known to be all there
// is.
bool is_fresh(const Memory& memory, MonotonicTime now, const std::string& refused) {
  if (!memory.asked_at) return false;
  const auto age = now - *memory.asked_at;
  if (!memory.token) return age < kFreshIfNone;
  if (refused.empty() || memory.token != refused) return age < kFresh;
  return memory.asked_for_refused == refused && age < kFreshIfRefused;
}

}  // namespace

TokenSource remembered(std::function<Result<std::string>(const std::stop_token&)> fetch,
                       const Clock& clock) {
  auto memory = std::make_shared<Memory>();
  return [fetch = std::move(fetch), memory, &clock](
             const std::stop_token& stop, const std::string& refused) -> Result<std::string> {
    const std::lock_guard lock(memory->mutex);
    const auto now = clock.monotonic();
    const bool fresh = is_fresh(*memory, now, refused);
    if (!fresh) {
      auto fetched = fetch(stop);
      if (!fetched && fetched.error().kind == ErrorKind::cancelled) return fetched;
      memory->asked_at = now;
      memory->asked_for_refused = refused;
      memory->latest = std::move(fetched);
      if (memory->latest) memory->token = *memory->latest;
    }
    if (memory->latest || !memory->token) return memory->latest;
    if (!fresh) {
      log::warn("using the token that was read before",
                {{"error", memory->latest.error().message}});
    }
    return *memory->token;
  };
}

Result<std::string> read_token_kept_by_aws(const AwsToken& where, const std::stop_token& stop) {
  return Keeper(where).fetch(stop);
}

TokenSource token_kept_by_aws(AwsToken where) {
  auto keeper = std::make_shared<Keeper>(std::move(where));
  return remembered([keeper](const std::stop_token& stop) { return keeper->fetch(stop); },
                    system_clock());
}

Result<std::string> token_of(const std::string& kept, const AwsToken& where) {
  if (where.field.empty()) {
    if (trim(kept).starts_with('{')) return json_as_token(kept, where);
    return token_in(kept, shown(where));
  }
  const auto document = aws::parse_json(kept);
  if (!document || document->find(where.field) == nullptr) {
    return Error{ErrorKind::invalid,
                 fmt::format("{} is no JSON object with a member {}; correct {}", shown(where),
                             printable(where.field), kField)};
  }
  return token_in(document->text_at(where.field), shown(where));
}

}  // namespace muster::demand
