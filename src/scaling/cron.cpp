#include "scaling/cron.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <vector>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::scaling {

namespace {

constexpr int kDaysSearched = 9 * 366;

using Names = std::span<const std::string_view>;
constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int least;
  int most;
  Names names = {};  // of `least` and on
};
constexpr std::array<Field, 5> kFields = {
    Field{"minute", 0, 59}, Field{"hour", 0, 23}, Field{"day of the month", 1, 31},
    Field{"month", 1, 12, kMonths}, Field{"day of the week", 0, 7, kWeekdays}};

Error refusal(const Field& field, std::string_view text) {
  return {ErrorKind::invalid,
          fmt::format("the {} is {} to {}, or *, 1-5, 1,3 or */2; found '{}'", field.name,
                      field.least, field.most, printable(text, 40))};
}

bool is_word(std::string_view text, std::string_view lowercase) {
  return std::ranges::equal(text, lowercase,
                            [](unsigned char a, char b) { return std::tolower(a) == b; });
}

std::optional<int> number(const Field& field, std::string_view text) {
  for (std::size_t i = 0; i < field.names.size(); ++i) {
    if (is_word(text, field.names[i])) return field.least + static_cast<int>(i);
  }
  const auto value = parse_int(text);
  if (!value || *value < field.least || *value > field.most) return std::nullopt;
  return static_cast<int>(*value);
}

// One part of a list: *, 3, 1-5, and each with a step.
template <std::size_t N>
bool add_part(const Field& field, std::string_view part, std::bitset<N>& chosen) {
  const auto with_step = split(part, '/');
  std::int64_t step = 1;
  if (with_step.size() > 2) return false;
  if (with_step.size() == 2) {
    const auto told = parse_int(with_step[1]);
    if (!told || *told < 1 || *told > field.most) return false;
    step = *told;
  }
  auto first = std::optional(field.least), last = std::optional(field.most);
  if (with_step[0] != "*") {
    const auto ends = split(with_step[0], '-');
    if (ends.size() > 2) return false;
    first = number(field, ends.front());
    last = ends.size() == 1 && with_step.size() == 2 ? std::optional(field.most)
                                                     : number(field, ends.back());
  }
  if (!first || !last || *first > *last) return false;
  for (std::int64_t value = *first; value <= *last; value += step) {
    chosen.set(static_cast<std::size_t>(value));
  }
  return true;
}

template <std::size_t N>
Result<std::bitset<N>> chosen_of(const Field& field, std::string_view text) {
  std::bitset<N> chosen;
  for (const auto& part : split(text, ',')) {
    if (!add_part(field, part, chosen)) return refusal(field, text);
  }
  return chosen;
}

template <std::size_t N>
bool take(const Field& field, std::string_view text, std::bitset<N>& chosen,
          std::optional<Error>& problem) {
  auto read = chosen_of<N>(field, text);
  if (!read) {
    problem = read.error();
    return false;
  }
  chosen = *read;
  return true;
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
  auto words = split(text, ' ');
  std::erase(words, "");
  if (words.size() != kFields.size()) {
    return Error{ErrorKind::invalid,
                 fmt::format("expected five fields: minute, hour, day of the month, month, day of "
                             "the week, as '0 8 * * 1-5'; found '{}'",
                             printable(text, 60))};
  }
  Cron cron;
  cron.text_ = join(words, " ");
  std::bitset<8> weekdays;
  std::optional<Error> problem;
  const bool good = take(kFields[0], words[0], cron.minutes_, problem) &&
                    take(kFields[1], words[1], cron.hours_, problem) &&
                    take(kFields[2], words[2], cron.days_, problem) &&
                    take(kFields[3], words[3], cron.months_, problem) &&
                    take(kFields[4], words[4], weekdays, problem);
  if (!good) return *problem;
  for (std::size_t day = 0; day < weekdays.size(); ++day) {
    if (weekdays[day]) cron.weekdays_.set(day % 7);
  }
  cron.any_day_ = words[2].starts_with('*');
  cron.any_weekday_ = words[4].starts_with('*');
  if (!cron.comes_ever()) {
    return Error{ErrorKind::invalid, fmt::format("'{}' is a day that never comes", cron.text_)};
  }
  return cron;
}

bool Cron::comes_on(const CivilMinute& date) const {
  if (!months_[static_cast<std::size_t>(date.month)]) return false;
  const bool day = days_[static_cast<std::size_t>(date.day)];
  const bool weekday = weekdays_[static_cast<std::size_t>(weekday_of(date))];
  return any_day_ || any_weekday_ ? day && weekday : day || weekday;
}

bool Cron::comes_ever() const {
  CivilMinute date{.year = 2000};
  for (int i = 0; i < kDaysSearched; ++i, date = plus_days(date, 1)) {
    if (comes_on(date)) return true;
  }
  return false;
}

// The minutes of a day come in the order of their times: see TimeZone::time_of.
std::optional<WallTime> Cron::latest_on(const CivilMinute& date, WallTime until,
                                        const TimeZone& zone) const {
  for (int hour = 23; hour >= 0; --hour) {
    if (!hours_[static_cast<std::size_t>(hour)]) continue;
    for (int minute = 59; minute >= 0; --minute) {
      if (!minutes_[static_cast<std::size_t>(minute)]) continue;
      const auto time = zone.time_of({date.year, date.month, date.day, hour, minute});
      if (time <= until) return time;
    }
  }
  return std::nullopt;
}

std::optional<WallTime> Cron::first_on(const CivilMinute& date, WallTime after,
                                       const TimeZone& zone) const {
  for (int hour = 0; hour < 24; ++hour) {
    if (!hours_[static_cast<std::size_t>(hour)]) continue;
    for (int minute = 0; minute < 60; ++minute) {
      if (!minutes_[static_cast<std::size_t>(minute)]) continue;
      const auto time = zone.time_of({date.year, date.month, date.day, hour, minute});
      if (time > after) return time;
    }
  }
  return std::nullopt;
}

std::optional<WallTime> Cron::latest(WallTime now, const TimeZone& zone) const {
  auto date = zone.at(now);
  for (int i = 0; i < kDaysSearched; ++i, date = plus_days(date, -1)) {
    if (!comes_on(date)) continue;
    if (const auto time = latest_on(date, now, zone)) return time;
  }
  return std::nullopt;
}

std::optional<WallTime> Cron::next(WallTime now, const TimeZone& zone) const {
  auto date = zone.at(now);
  for (int i = 0; i < kDaysSearched; ++i, date = plus_days(date, 1)) {
    if (!comes_on(date)) continue;
    if (const auto time = first_on(date, now, zone)) return time;
  }
  return std::nullopt;
}

}  // namespace muster::scaling
