#include "cli/config_values.hpp"

#include <fmt/core.h>

#include "aws/region_and_endpoint.hpp"
#include "base/text.hpp"

namespace muster::cli {

std::optional<Millis> bounded_duration(yaml::MapReader& reader, std::string_view key,
                                       Millis least) {
  constexpr Millis kMost = std::chrono::hours(24 * 365);
  return reader.duration(key, {least, kMost});
}

std::string region_in(yaml::MapReader& reader, std::string_view key) {
  const auto given = reader.text(key).value_or("");
  const bool is_numbered = given.find('-') != std::string::npos && given.back() >= '0' &&
                           given.back() <= '9' && aws::checked_region(given, key);
  if (given.empty() || is_numbered) return given;
  reader.problem_at(key, fmt::format("'{}' is not a region such as eu-west-1: correct it, or leave "
                                     "it out for that of the environment",
                                     printable(given, 60)));
  return "";
}

yaml::Value as_mapping(yaml::Value value) {
  if (value.kind == yaml::Value::Kind::null) value.kind = yaml::Value::Kind::mapping;
  return value;
}

}  // namespace muster::cli
