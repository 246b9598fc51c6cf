#pragma once

// The rules of a time zone, from the system's own files (/usr/share/zoneinfo, or $TZDIR). They are
// read when a zone is found; from then on it is pure.

#include <compare>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace muster {

// What a clock and a calendar on the wall show, to the minute.
struct CivilMinute {
  int year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
  int hour = 0;
  int minute = 0;

  friend auto operator<=>(const CivilMinute&, const CivilMinute&) = default;
};

// 0 is Sunday.
int weekday_of(const CivilMinute& date);
// The same time of the day, so many days later. What is beyond a month's end carries over.
CivilMinute plus_days(const CivilMinute& date, int days);

// A value, cheap to copy; its functions are thread-safe.
class TimeZone {
 public:
  static TimeZone utc();
  // "Europe/Berlin". ErrorKind::not_found if this machine knows no zone of that name.
  static Result<TimeZone> find(const std::string& name);

  std::string name() const;
  CivilMinute at(WallTime time) const;
  // The beginning of that minute. Of one that comes twice, the first; of one that a clock put
  // forward leaves out, the moment at which it is put forward.
  WallTime time_of(const CivilMinute& minute) const;

 private:
  struct Rules;
  explicit TimeZone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

  std::shared_ptr<const Rules> rules_;
};

}  // namespace muster
