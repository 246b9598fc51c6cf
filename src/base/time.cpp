#include "base/time.hpp"

#include <charconv>
#include <cmath>
#include <ctime>

#include <fmt/core.h>

namespace muster {

using std::chrono::duration_cast;

WallTime SystemClock::wall() const {
  return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

MonotonicTime SystemClock::monotonic() const {
  ::timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto since = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  return MonotonicTime(std::chrono::floor<Millis>(since));
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string format_rfc3339(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto millis = (time - seconds).count();
  const std::time_t epoch = seconds.time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&epoch, &utc);
  const auto whole = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900,
                                 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return millis == 0 ? whole + "Z" : fmt::format("{}.{:03}Z", whole, millis);
}

namespace {

// Reads exactly `digits` digits at the front of `text` and drops them.
bool take_digits(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  const auto end = text.data() + digits;
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || text.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

// The fraction after the dot, in milliseconds; digits past the third are dropped.
bool take_fraction(std::string_view& text, int& millis) {
  int scale = 100;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    millis += (text[digits] - '0') * scale;
    scale /= 10;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

bool take_offset(std::string_view& text, std::chrono::minutes& offset) {
  if (take(text, 'Z')) return text.empty();
  const int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
  int hours = 0;
  int minutes = 0;
  if (sign == 0 || !take_digits(text, 2, hours) || !take(text, ':') ||
      !take_digits(text, 2, minutes) || hours > 23 || minutes > 59) {
    return false;
  }
  offset = sign * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
  return text.empty();
}

}  // namespace

Result<WallTime> parse_rfc3339(std::string_view text) {
  const Error malformed{ErrorKind::invalid,
                        fmt::format("'{}' is not a time such as 2020-05-15T00:00:00Z", text)};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millis = 0;
  std::chrono::minutes offset{0};
  auto rest = text;
  const bool shaped =
      take_digits(rest, 4, year) && take(rest, '-') && take_digits(rest, 2, month) &&
      take(rest, '-') && take_digits(rest, 2, day) && take(rest, 'T') &&
      take_digits(rest, 2, hour) && take(rest, ':') && take_digits(rest, 2, minute) &&
      take(rest, ':') && take_digits(rest, 2, second) &&
      (!take(rest, '.') || take_fraction(rest, millis)) && take_offset(rest, offset);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!shaped || !date.ok() || hour > 23 || minute > 59 || second > 60) return malformed;
  return WallTime{std::chrono::sys_days(date)} + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) + Millis(millis) - offset;
}

namespace {

struct Unit {
  std::string_view name;
  double millis;
};
// "ms" stands before "m", so that the longer name is tried first.
constexpr Unit kUnits[] = {{"ms", 1}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}};
constexpr double kLongest = 10.0 * 365 * 24 * 3'600'000;

// One "number unit" at the front of `text`, added to `total`.
bool take_quantity(std::string_view& text, double& total) {
  double number = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || number < 0 || !std::isfinite(number)) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  for (const auto& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    total += number * unit.millis;
    return total <= kLongest;
  }
  return false;
}

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  double total = 0;
  auto rest = text;
  bool good = !rest.empty();
  while (good && !rest.empty()) good = rest.front() != '-' && take_quantity(rest, total);
  if (!good) {
    return Error{ErrorKind::invalid,
                 fmt::format("'{}' is not a duration such as 30s, 10m or 1h30m", text)};
  }
  return Millis(std::llround(total));
}

std::string format_duration(Millis duration) {
  auto rest = duration.count();
  if (rest <= 0) return "0s";
  std::string text;
  const auto emit = [&](long long size, std::string_view unit) {
    if (rest < size) return;
    text += fmt::format("{}{}", rest / size, unit);
    rest %= size;
  };
  emit(3'600'000, "h");
  emit(60'000, "m");
  emit(1'000, "s");
  emit(1, "ms");
  return text;
}

std::string humanize(Millis duration) {
  const auto millis = std::max<long long>(duration.count(), 0);
  if (millis < 1'000) return fmt::format("{} ms", millis);
  if (millis < 59'950) return fmt::format("{:.1f} s", static_cast<double>(millis) / 1000);
  const auto seconds = (millis + 500) / 1000;
  if (seconds < 3'600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3'600, seconds % 3'600 / 60);
}

}  // namespace muster
