#include "study/trace_times.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::study {

namespace {

constexpr std::size_t kMostDigits = 12;
constexpr std::size_t kDecimals = 6;     // of what is counted in millionths
constexpr std::size_t kDateLength = 10;  // of 2026-01-05

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char digit) { return digit >= '0' && digit <= '9'; });
}

// As RFC 3339 has it: "+02" and "+0200" are "+02:00".
std::string with_whole_zone(std::string time) {
  const auto sign = time.find_first_of("+-", std::min(kDateLength, time.size()));
  if (sign == std::string::npos) return time;
  const auto zone = std::string_view(time).substr(sign + 1);
  if (!all_digits(zone)) return time;
  if (zone.size() == 2) return time + ":00";
  if (zone.size() == 4) time.insert(sign + 3, ":");
  return time;
}

// "… +0000 UTC" says twice what "… UTC" says; of another zone than that it would be no sense.
std::string without_name_of_zone(std::string time) {
  constexpr std::string_view kName = " UTC";
  if (!time.ends_with(kName)) return time;
  const auto rest = time.substr(0, time.size() - kName.size());
  const auto sign = rest.find_first_of("+-", std::min(kDateLength, rest.size()));
  const auto zone = sign == std::string::npos ? "" : rest.substr(sign + 1);
  return zone.find_first_not_of("0:") == std::string::npos ? rest : time;
}

// "09:00:00 +0000" is "09:00:00+0000".
std::string with_zone_close(std::string time) {
  const auto space = time.find(' ', std::min(kDateLength + 1, time.size()));
  if (space == std::string::npos || space + 1 == time.size()) return time;
  const auto sign = time[space + 1];
  return sign == '+' || sign == '-' ? time.erase(space, 1) : time;
}

}  // namespace

Result<Millis> parse_seconds(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return Error{ErrorKind::invalid, fmt::format("'{}' {}", printable(text, 60), why)};
  };
  const auto point = std::min(text.find('.'), text.size());
  const auto whole = text.substr(0, point);
  const auto fraction = text.substr(std::min(point + 1, text.size()));
  if (text.starts_with('-')) return refuse("is negative");
  if (!all_digits(whole) || (point < text.size() && !all_digits(fraction))) {
    return refuse("is no number of seconds such as 12 or 0.5");
  }
  if (whole.size() > kMostDigits) return refuse("is more than can be");
  std::string millis(fraction.substr(0, 3));
  millis.resize(3, '0');
  return Millis(*parse_int(whole) * 1000 + *parse_int(millis));
}

std::optional<std::int64_t> parse_millionths(std::string_view text) {
  const auto point = std::min(text.find('.'), text.size());
  const auto whole = text.substr(0, point);
  std::string fraction(text.substr(std::min(point + 1, text.size())));
  if (!all_digits(whole) || whole.size() > kMostDigits) return std::nullopt;
  if (point < text.size() && !all_digits(fraction)) return std::nullopt;
  if (fraction.size() > kDecimals) return std::nullopt;
  fraction.resize(kDecimals, '0');
  return *parse_int(whole) * 1'000'000 + *parse_int(fraction);
}

Result<WallTime> parse_export_time(std::string_view text) {
  auto normal = with_zone_close(without_name_of_zone(std::string(text)));
  if (normal.size() > kDateLength && normal[kDateLength] == ' ') normal[kDateLength] = 'T';
  const auto time_of_day = std::min(kDateLength, normal.size());
  if (normal.find_first_of("Z+-", time_of_day) == std::string::npos) normal += 'Z';
  if (auto time = parse_rfc3339(with_whole_zone(std::move(normal)))) return time;
  return Error{ErrorKind::invalid,
               fmt::format("'{}' is no time such as 2026-01-05 09:00:00", printable(text, 60))};
}

bool is_nothing(std::string_view text) {
  return text.empty() || text == "\\N" || text == "null" || text == "NULL";
}

}  // namespace muster::study
