#include "aws/credentials.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace muster::aws {

bool has_proper_key(const Credentials& credentials) {
  const auto& id = credentials.access_key_id;
  return id.size() >= 16 && id.size() <= 128 && id.starts_with('A') &&
         std::ranges::all_of(
             id, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

std::string shown_key(const Credentials& credentials) {
  if (!has_proper_key(credentials)) {
    return fmt::format("an access key id that is none, from {}", credentials.source);
  }
  return fmt::format("access key {} from {}", credentials.access_key_id, credentials.source);
}

}  // namespace muster::aws
