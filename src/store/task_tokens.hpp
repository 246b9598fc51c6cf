#pragma once

// Task tokens: each speaks for one attempt. They need no table: a token is the attempt's name and
// a signature that only we can make. So a retried claim can be answered with the same token, and
// nothing secret is stored per task.

#include <optional>
#include <string>
#include <string_view>

#include "store/attempt.hpp"

namespace muster::store {

class TaskTokens {
 public:
  // Whoever has the key can speak for any attempt.
  explicit TaskTokens(std::string key) : key_(std::move(key)) {}

  std::string token_for(const Attempt& attempt) const;
  // The attempt that a token speaks for. Says nothing about whether it still lives.
  std::optional<Attempt> attempt_of(std::string_view token) const;

 private:
  std::string key_;
};

}  // namespace muster::store
