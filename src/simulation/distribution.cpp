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
constexpr std::int64_t kMostShape = 5'000;
constexpr std::int64_t kLeastAlpha = 500;

Error not_a_distribution(std::string_view text) {
  return {ErrorKind::invalid,
          fmt::format("'{}' is no duration or distribution; write 90s, exponential:90s, "
                      "lognormal:90s:0.3 (median and sigma, which is at most 5) or pareto:60s:1.5 "
                      "(the least and alpha, which is 0.5 to 5)",
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
Distribution Distribution::pareto(Millis least, std::int64_t alpha_thousandths) {
  return {Kind::pareto, least, std::max(alpha_thousandths, kLeastAlpha)};
}

Result<Distribution> Distribution::parse(std::string_view text) {
  const auto parts = split(text, ':');
  const auto scale = parse_duration(parts.size() == 1 ? parts[0] : parts[1]);
  if (!scale || *scale > kLongest) return not_a_distribution(text);
  if (parts.size() == 1) return constant(*scale);
  if (parts.size() == 2 && parts[0] == "exponential") return exponential(*scale);
  if (parts.size() != 3) return not_a_distribution(text);
  const auto shape = parse_thousandths(parts[2]);
  if (!shape || *shape > kMostShape) return not_a_distribution(text);
  if (parts[0] == "lognormal") return lognormal(*scale, *shape);
  if (parts[0] == "pareto" && *shape >= kLeastAlpha) return pareto(*scale, *shape);
  return not_a_distribution(text);
}

std::string Distribution::to_text() const {
  const auto scale = format_duration(scale_);
  if (kind_ == Kind::constant) return scale;
  if (kind_ == Kind::exponential) return "exponential:" + scale;
  return fmt::format("{}:{}:{}.{:03}", kind_ == Kind::pareto ? "pareto" : "lognormal", scale,
                     shape_thousandths_ / 1000, shape_thousandths_ % 1000);
}

// `deviation` is in 1/2^32.
std::int64_t Distribution::lognormal_at(std::int64_t deviation) const {
  const auto exponent = times(deviation * shape_thousandths_ / 1000, kLog2OfE);
  return times_exp2(scale_.count(), exponent);
}

Millis Distribution::least() const {
  if (kind_ == Kind::exponential) return Millis(0);
  if (kind_ == Kind::lognormal) return Millis(lognormal_at(-Random::kMostDeviation));
  return std::min(scale_, kLongest);
}

Millis Distribution::draw(Random& random) const {
  auto drawn = scale_.count();
  if (kind_ == Kind::exponential) drawn = times(times(drawn, kLn2), random.bits_of_surprise());
  if (kind_ == Kind::lognormal) drawn = lognormal_at(random.deviation());
  if (kind_ == Kind::pareto) {
    drawn = times_exp2(drawn, random.bits_of_surprise() * 1000 / shape_thousandths_);
  }
  return std::clamp(Millis(drawn), Millis(0), kLongest);
}

}  // namespace muster::simulation
