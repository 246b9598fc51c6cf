#include "cli/scale_policy.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/config_values.hpp"

namespace muster::cli {

namespace {

constexpr yaml::Range kInstances{0, 1000};
constexpr std::size_t kLongestName = 60;

// "20%"
std::int64_t percent(yaml::MapReader& reader, std::string_view key) {
  constexpr yaml::Range kPercent{1, 1000};
  if (reader.require(key) == nullptr) return 0;
  const auto text = reader.text(key);
  if (!text) return 0;
  const auto number = text->ends_with('%')
                          ? parse_int(std::string_view(*text).substr(0, text->size() - 1))
                          : std::nullopt;
  if (number && *number >= kPercent.least && *number <= kPercent.most) return *number;
  reader.problem_at(key, fmt::format("expected a share from {}% to {}%, found '{}'", kPercent.least,
                                     kPercent.most, printable(*text, 60)));
  return 0;
}

// A number, or {of_busy, least, most}.
scaling::Warm read_warm(yaml::MapReader& parent, std::int64_t max) {
  constexpr auto kKey = "warm";
  scaling::Warm warm{.most = max};
  const auto* value = parent.take(kKey);
  if (value == nullptr) return warm;
  if (value->kind == yaml::Value::Kind::scalar) {
    const auto number = value->quoted ? std::nullopt : parse_int(value->text);
    warm.least = number.value_or(-1);
    if (warm.least < kInstances.least || warm.least > kInstances.most) {
      parent.problem_at(kKey,
                        fmt::format("expected a whole number from {} to {}, or {{of_busy: 20%, "
                                    "least: 1, most: 5}}, found {}",
                                    kInstances.least, kInstances.most, yaml::describe(*value)));
    }
    return warm;
  }
  const auto section = as_mapping(*value);
  yaml::MapReader reader(section, parent.path_of(kKey), parent.problems());
  warm.percent_of_busy = percent(reader, "of_busy");
  warm.least = reader.integer("least", kInstances).value_or(0);
  warm.most = reader.integer("most", kInstances).value_or(max);
  if (warm.least > warm.most) {
    reader.problem_at("least", fmt::format("is {}, and must not be above 'most', which is {}",
                                           warm.least, warm.most));
  }
  reader.finish();
  return warm;
}

// {COUNT: 20, per: 1m}
std::optional<scaling::Rate> read_rate(yaml::MapReader& parent, std::string_view key,
                                       std::string_view count) {
  constexpr yaml::Range kCount{1, 1000};
  const auto* value = parent.take(key);
  if (value == nullptr) return std::nullopt;
  const auto section = as_mapping(*value);
  yaml::MapReader reader(section, parent.path_of(key), parent.problems());
  scaling::Rate rate;
  reader.require(count);
  rate.most = reader.integer(count, kCount).value_or(kCount.least);
  reader.require("per");
  rate.per = bounded_duration(reader, "per", std::chrono::seconds(1)).value_or(Millis(0));
  reader.finish();
  return rate;
}

std::optional<scaling::SpendCap> read_spend_cap(yaml::MapReader& parent) {
  constexpr auto kKey = "spend_cap";
  constexpr auto kHours = "instance_hours";
  constexpr yaml::Range kCap{1, 10'000'000};
  const auto* value = parent.take(kKey);
  if (value == nullptr) return std::nullopt;
  const auto section = as_mapping(*value);
  yaml::MapReader reader(section, parent.path_of(kKey), parent.problems());
  scaling::SpendCap cap;
  reader.require(kHours);
  cap.instance_hours = reader.integer(kHours, kCap).value_or(kCap.least);
  reader.require("per");
  cap.per = bounded_duration(reader, "per", std::chrono::hours(1)).value_or(Millis(0));
  reader.finish();
  return cap;
}

std::optional<scaling::Cron> read_cron(yaml::MapReader& reader, std::string_view key) {
  if (reader.require(key) == nullptr) return std::nullopt;
  const auto text = reader.text(key);
  if (!text) return std::nullopt;
  auto cron = scaling::Cron::parse(*text);
  if (cron) return std::move(*cron);
  reader.problem_at(key, cron.error().message);
  return std::nullopt;
}

std::optional<TimeZone> read_zone(yaml::MapReader& reader) {
  constexpr auto kKey = "time_zone";
  if (reader.take(kKey) == nullptr) return TimeZone::utc();
  const auto name = reader.text(kKey);
  if (!name) return std::nullopt;
  auto zone = TimeZone::find(*name);
  if (zone) return std::move(*zone);
  reader.problem_at(kKey, zone.error().message);
  return std::nullopt;
}

// Of a class, or of a schedule, in which never more than `most` live.
void refuse_more_free_than_live(yaml::MapReader& reader, std::int64_t headroom, std::int64_t warm,
                                std::int64_t most) {
  const auto refuse = [&](std::string_view key, std::int64_t free) {
    if (free <= most) return;
    reader.problem_at(
        key, fmt::format("keeps {} free, and must not be above max, which is {}", free, most));
  };
  refuse("headroom", headroom);
  refuse("warm", warm);
}

void refuse_what_does_not_fit(yaml::MapReader& reader, const scaling::Schedule& schedule,
                              const scaling::Policy& always) {
  const auto least = schedule.min.value_or(always.min);
  const auto most = schedule.max.value_or(always.max);
  if (least > most) {
    reader.problem_at(
        schedule.min ? "min" : "max",
        fmt::format("then min is {}, and must not be above max, which is {}", least, most));
  }
  refuse_more_free_than_live(reader, schedule.headroom.value_or(0),
                             schedule.warm ? schedule.warm->least : 0, most);
  if (!schedule.min && !schedule.max && !schedule.headroom && !schedule.warm) {
    reader.problem("changes nothing: give min, max, headroom or warm");
  }
}

std::optional<scaling::Schedule> read_schedule(yaml::MapReader& reader,
                                               const scaling::Policy& always) {
  reader.require("name");
  const auto name = reader.text("name");
  const auto start = read_cron(reader, "start");
  const auto end = read_cron(reader, "end");
  const auto zone = read_zone(reader);
  const auto min = reader.integer("min", kInstances);
  const auto max = reader.integer("max", kInstances);
  const auto headroom = reader.integer("headroom", kInstances);
  std::optional<scaling::Warm> warm;
  if (reader.take("warm") != nullptr) warm = read_warm(reader, max.value_or(always.max));
  if (name && (name->empty() || name->size() > kLongestName || printable(*name) != *name)) {
    reader.problem_at("name", fmt::format("is a word or a few, of at most {} bytes", kLongestName));
  }
  if (!name || !start || !end || !zone) return std::nullopt;
  scaling::Schedule schedule{*name, *start, *end, *zone, min, max, headroom, warm};
  refuse_what_does_not_fit(reader, schedule, always);
  return schedule;
}

// A reason names it by this.
void refuse_name_of_another(yaml::MapReader& reader, const scaling::Schedule& schedule,
                            const std::vector<scaling::Schedule>& others) {
  if (std::ranges::count(others, schedule.name, &scaling::Schedule::name) > 0) {
    reader.problem_at("name", fmt::format("'{}' is the name of another schedule of the class: give "
                                          "each its own",
                                          schedule.name));
  }
}

}  // namespace

std::vector<scaling::Schedule> read_schedules(yaml::MapReader& reader,
                                              const scaling::Policy& always) {
  constexpr auto kKey = "schedules";
  constexpr std::size_t kMostSchedules = 20;
  std::vector<scaling::Schedule> schedules;
  const auto* list = reader.take(kKey);
  if (list == nullptr) return schedules;
  if (list->kind != yaml::Value::Kind::sequence || list->items.size() > kMostSchedules) {
    reader.problem_at(kKey, fmt::format("expected a list of at most {} schedules, each with name, "
                                        "start and end",
                                        kMostSchedules));
    return schedules;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const auto section = as_mapping(list->items[i]);
    yaml::MapReader part(section, fmt::format("{}[{}]", reader.path_of(kKey), i),
                         reader.problems());
    if (auto schedule = read_schedule(part, always)) {
      refuse_name_of_another(part, *schedule, schedules);
      schedules.push_back(std::move(*schedule));
    }
    part.finish();
  }
  return schedules;
}

scaling::Policy read_policy(yaml::MapReader& reader) {
  scaling::Policy policy;
  policy.min = reader.integer("min", kInstances).value_or(0);
  reader.require("max");
  policy.max = reader.integer("max", kInstances).value_or(0);
  if (policy.min > policy.max) {
    reader.problem_at("min", fmt::format("is {}, and must not be above max, which is {}",
                                         policy.min, policy.max));
  }
  policy.slots = reader.integer("slots", yaml::Range{1, scaling::kMostSlots}).value_or(1);
  policy.headroom = reader.integer("headroom", kInstances).value_or(0);
  policy.warm = read_warm(reader, policy.max);
  policy.scale_in_delay = bounded_duration(reader, "scale_in_delay", std::chrono::seconds(1));
  policy.launch_rate = read_rate(reader, "launch_rate", "launches");
  policy.scale_in_rate = read_rate(reader, "scale_in_rate", "drains");
  policy.spend_cap = read_spend_cap(reader);
  return policy;
}

bool keeps_free(const fleet::ManagedClass& managed) {
  const auto keeps = [](std::int64_t headroom, const scaling::Warm& warm) {
    return headroom > 0 || warm.least > 0 || warm.percent_of_busy > 0;
  };
  return keeps(managed.policy.headroom, managed.policy.warm) ||
         std::ranges::any_of(managed.schedules, [&](const auto& schedule) {
           return keeps(schedule.headroom.value_or(0), schedule.warm.value_or(scaling::Warm()));
         });
}

bool keeps_any(const fleet::ManagedClass& managed) {
  return managed.policy.min > 0 || keeps_free(managed) ||
         std::ranges::any_of(managed.schedules,
                             [](const auto& schedule) { return schedule.min.value_or(0) > 0; });
}

}  // namespace muster::cli
