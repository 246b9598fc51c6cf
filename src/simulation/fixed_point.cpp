#include "simulation/fixed_point.hpp"

#include <array>
#include <bit>
#include <limits>

namespace muster::simulation {

namespace {

__extension__ using SignedWide = __int128;

constexpr std::uint64_t square_root(Wide number) {
  std::uint64_t root = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const auto tried = root | (std::uint64_t(1) << bit);
    if (Wide(tried) * tried <= number) root = tried;
  }
  return root;
}

// 2 to the power of 1/2, 1/4, 1/8 …, in 1/2^62.
constexpr auto kRootsOfTwo = [] {
  std::array<std::uint64_t, kFractionBits> roots{};
  auto latest = Wide(2) << 62;
  for (auto& root : roots) {
    root = square_root(latest << 62);
    latest = root;
  }
  return roots;
}();

}  // namespace

// Digit by digit: each squaring doubles the logarithm.
std::int64_t log2(std::uint64_t number) {
  const int whole = std::bit_width(number) - 1;
  auto mantissa = number << (63 - whole);  // 1 to 2, in 1/2^63
  auto result = std::int64_t(whole) << kFractionBits;
  for (int bit = kFractionBits - 1; bit >= 0; --bit) {
    const auto square = Wide(mantissa) * mantissa;
    const bool doubled = (square >> 127) != 0;
    mantissa = static_cast<std::uint64_t>(square >> (doubled ? 64 : 63));
    if (doubled) result |= std::int64_t(1) << bit;
  }
  return result;
}

std::int64_t times_exp2(std::int64_t number, std::int64_t exponent) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const auto whole = exponent >> kFractionBits;
  auto factor = Wide(1) << 62;
  for (int bit = 0; bit < kFractionBits; ++bit) {
    const bool set = (exponent >> (kFractionBits - 1 - bit)) & 1;
    if (set) factor = (factor * kRootsOfTwo[static_cast<std::size_t>(bit)]) >> 62;
  }
  const auto product = Wide(static_cast<std::uint64_t>(number)) * factor;  // in 1/2^62
  const auto shift = 62 - whole;
  if (shift >= 128) return 0;
  if (shift < 0) return number == 0 ? 0 : kMost;
  const auto result = product >> shift;
  return result > Wide(kMost) ? kMost : static_cast<std::int64_t>(result);
}

std::int64_t times(std::int64_t number, std::int64_t fraction) {
  return static_cast<std::int64_t>((SignedWide(number) * fraction) >> kFractionBits);
}

}  // namespace muster::simulation
