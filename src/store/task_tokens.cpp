#include "store/task_tokens.hpp"

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace muster::store {
namespace {

constexpr std::string_view kPrefix = "mut_";

}  // namespace

std::string TaskTokens::token_for(const Attempt& attempt) const {
  const auto name = fmt::format("{}{}.{}", kPrefix, attempt.task_id, attempt.number);
  return fmt::format("{}.{}", name, hmac_sha256_hex(key_, name));
}

std::optional<Attempt> TaskTokens::attempt_of(std::string_view token) const {
  if (!token.starts_with(kPrefix)) return std::nullopt;
  const auto parts = split(token.substr(kPrefix.size()), '.');
  if (parts.size() != 3 || !is_uuid(parts[0])) return std::nullopt;
  const auto number = parse_int(parts[1]);
  if (!number) return std::nullopt;
  const Attempt attempt{parts[0], *number};
  if (!equal_in_constant_time(token_for(attempt), token)) return std::nullopt;
  return attempt;
}

}  // namespace muster::store
