#pragma once

// Times that come again and again, as cron's five fields say them: minute, hour, day of the month,
// month, day of the week. Pure.
//
// A field is *, a number, a range 1-5, a list 1,3,5-7, each with a step: */15, 8-18/2. Months and
// days of the week may be named by their first three letters; Sunday is 0 or 7. If both days are
// given, one of them is enough, as crontab(5) has it.

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time_zone.hpp"

namespace muster::scaling {

class Cron {
 public:
  // ErrorKind::invalid with the field and why, also of what never comes (30 February).
  static Result<Cron> parse(std::string_view text);
  const std::string& text() const { return text_; }

  // The latest at `now` or before, and the first after it. Nothing: not within nine years, which is
  // the longest time between two 29 Februaries.
  std::optional<WallTime> latest(WallTime now, const TimeZone& zone) const;
  std::optional<WallTime> next(WallTime now, const TimeZone& zone) const;

 private:
  bool comes_on(const CivilMinute& date) const;
  bool comes_ever() const;
  std::optional<WallTime> latest_on(const CivilMinute& date, WallTime until,
                                    const TimeZone& zone) const;
  std::optional<WallTime> first_on(const CivilMinute& date, WallTime after,
                                   const TimeZone& zone) const;

  std::string text_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = true;      // the field of the day of the month begins with *
  bool any_weekday_ = true;  // likewise
};

}  // namespace muster::scaling
