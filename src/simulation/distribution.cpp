#include "simulation/distribution.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "base/text.hpp"
#include "simulation/fixed_point.hpp"

namespace muster::simulation {

namespace {

constexpr Millis kLongest = std::chrono::hours(24 * 365);
constexpr std::int64_t kLn2 = 2'977'044'472;      // in 1/2^32
constexpr std::int64_t kLog2OfE = 6'196'328'019;  // in 1/2^32
constexpr std::int64_t kMostSigma = 5'000;

Error not_a_distribution(std::string_view text) {
  return {ErrorKind::invalid,
          fmt::format("'{}' is no duration or distribution; write 90s, exponential:90s or "
                      "lognormal:90s:0.3 (median and sigma, which is at most 5)",
                      printable(text))};
}

// "0.3" is 300.
std::optional<std::int64_t> parse_thousandths(std::string_view text) {
  const auto point = std::min(text.find('.'), text.size());
  std::string fraction(text.substr(std::min(point + 1, text.size())));
  if (fraction.size() > 3 || (point < text.size() && fraction.empty())) return std::nullopt;
  fraction.resize(3, '0');
  const auto digits = std::string(text.substr(0, point)) + fraction;
  const bool numeric = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return numeric && point > 0 ? parse_int(digits) : std::nullopt;
}

}  // namespace

Distribution Distribution::constant(Millis value) {
  return {Kind::constant, value, 0};
}
Distribution Distribution::exponential(Millis mean) {
  return {Kind::exponential, mean, 0};
}
Distribution Distribution::lognormal(Millis median, std::int64_t sigma_thousandths) {
  return {Kind::lognormal, median, sigma_thousandths};
}

Result<Distribution> Distribution::parse(std::string_view text) {
  const auto parts = split(text, ':');
  const auto scale = parse_duration(parts.size() == 1 ? parts[0] : parts[1]);
  if (!scale || *scale > kLongest) return not_a_distribution(text);
  if (parts.size() == 1) return constant(*scale);
  if (parts.size() == 2 && parts[0] == "exponential") return exponential(*scale);
  if (parts.size() != 3 || parts[0] != "lognormal") return not_a_distribution(text);
  const auto sigma = parse_thousandths(parts[2]);
  if (!sigma || *sigma > kMostSigma) return not_a_distribution(text);
  return lognormal(*scale, *sigma);
}

std::string Distribution::to_text() const {
  const auto scale = format_duration(scale_);
  if (kind_ == Kind::constant) return scale;
  if (kind_ == Kind::exponential) return "exponential:" + scale;
  return fmt::format("lognormal:{}:{}.{:03}", scale, sigma_thousandths_ / 1000,
                     sigma_thousandths_ % 1000);
}

Millis Distribution::draw(Random& random) const {
  auto drawn = scale_.count();
  if (kind_ == Kind::exponential) drawn = times(times(drawn, kLn2), random.bits_of_surprise());
  if (kind_ == Kind::lognormal) {
    const auto exponent = times(random.deviation() * sigma_thousandths_ / 1000, kLog2OfE);
    drawn = times_exp2(drawn, exponent);
  }
  return std::clamp(Millis(drawn), Millis(0), kLongest);
}

}  // namespace muster::simulation
