#include "base/time_zone.hpp"

#include <algorithm>

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include "base/text.hpp"

namespace muster {

namespace {

// Beyond these a year is no year of people's, and some rules end.
constexpr WallTime kFirst{std::chrono::hours(0)};
constexpr WallTime kLast{std::chrono::hours(24 * 366) * 8000};

absl::CivilMinute to_civil(const CivilMinute& minute) {
  return absl::CivilMinute(minute.year, minute.month, minute.day, minute.hour, minute.minute);
}

CivilMinute from_civil(const absl::CivilMinute& minute) {
  return {static_cast<int>(minute.year()), minute.month(), minute.day(), minute.hour(),
          minute.minute()};
}

}  // namespace

struct TimeZone::Rules {
  absl::TimeZone zone;
};

int weekday_of(const CivilMinute& date) {
  const auto from_monday = static_cast<int>(absl::GetWeekday(absl::CivilDay(to_civil(date))));
  return (from_monday + 1) % 7;
}

CivilMinute plus_days(const CivilMinute& date, int days) {
  const absl::CivilDay day = absl::CivilDay(to_civil(date)) + days;
  return {static_cast<int>(day.year()), day.month(), day.day(), date.hour, date.minute};
}

TimeZone TimeZone::utc() {
  return TimeZone(std::make_shared<const Rules>(Rules{absl::UTCTimeZone()}));
}

Result<TimeZone> TimeZone::find(const std::string& name) {
  Rules rules;
  // Other names are files anywhere.
  const bool is_path = name.starts_with('/') || name.find("..") != std::string::npos;
  if (name.empty() || is_path || !absl::LoadTimeZone(name, &rules.zone)) {
    return Error{ErrorKind::not_found,
                 "this machine knows no time zone '" + printable(name, 60) +
                     "': name one as Europe/Berlin or UTC, or install tzdata"};
  }
  return TimeZone(std::make_shared<const Rules>(rules));
}

std::string TimeZone::name() const {
  return rules_->zone.name();
}

CivilMinute TimeZone::at(WallTime time) const {
  const auto bounded = std::clamp(time, kFirst, kLast);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(bounded).time_since_epoch();
  return from_civil(
      absl::CivilMinute(absl::ToCivilSecond(absl::FromUnixSeconds(seconds.count()), rules_->zone)));
}

WallTime TimeZone::time_of(const CivilMinute& minute) const {
  const auto found = rules_->zone.At(absl::CivilSecond(to_civil(minute)));
  const bool skipped = found.kind == absl::TimeZone::TimeInfo::SKIPPED;
  return WallTime(Millis(absl::ToUnixMillis(skipped ? found.trans : found.pre)));
}

}  // namespace muster
