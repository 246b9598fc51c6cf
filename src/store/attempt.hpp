#pragma once

#include <cstdint>
#include <string>

namespace muster::store {

// One attempt of one task, as its token names it.
struct Attempt {
  std::string task_id;
  std::int64_t number = 0;
  friend bool operator==(const Attempt&, const Attempt&) = default;
};

}  // namespace muster::store
