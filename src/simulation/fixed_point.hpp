#pragma once

// Logarithm and power of two in integers, the same on every machine: libm's last digits are not.
// Fractions are counted in 1/2^32. Pure.

#include <cstdint>

namespace muster::simulation {

__extension__ using Wide = unsigned __int128;

inline constexpr int kFractionBits = 32;

// Of 1 or more; exact to 2^-30.
std::int64_t log2(std::uint64_t number);

// `number` times 2 to the power of `exponent`, at most INT64_MAX. Not of negative numbers.
std::int64_t times_exp2(std::int64_t number, std::int64_t exponent);

// The product, where one factor is in 1/2^32; rounded down.
std::int64_t times(std::int64_t number, std::int64_t fraction);

}  // namespace muster::simulation
