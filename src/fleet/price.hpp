#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace muster::fleet {

// Of an instance-hour, as the configuration says.
struct Price {
  std::int64_t millionths = 0;
  std::string currency;

  friend bool operator==(const Price&, const Price&) = default;
};

using Prices = std::map<std::string, Price>;  // by class; of the others none is known

}  // namespace muster::fleet
