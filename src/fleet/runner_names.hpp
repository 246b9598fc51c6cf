#pragma once

// How runners are named, by which the scaler knows whose they are: as their instance's id, and
// where that has several slots as its id, a full stop and a number from 1 on: "i-0abc.1". Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::fleet {

// Of an instance with so many slots, the runner of that number.
std::string runner_name(const std::string& instance, std::int64_t slots, std::int64_t number);

// The id of the instance that a runner of that name is of, in a class of so many slots. One without
// a number may have been launched when the class had one slot.
std::string_view instance_of(std::string_view runner, std::int64_t slots);

}  // namespace muster::fleet
