#include "cli/config_values.hpp"

#include <fmt/core.h>

namespace muster::cli {

std::optional<Millis> bounded_duration(yaml::MapReader& reader, std::string_view key,
                                       Millis least) {
  constexpr Millis kMost = std::chrono::hours(24 * 365);
  const auto given = reader.duration(key);
  if (given && (*given < least || *given > kMost)) {
    reader.problem_at(key,
                      fmt::format("must be between {} and {}, and is {}", format_duration(least),
                                  format_duration(kMost), format_duration(*given)));
  }
  return given;
}

yaml::Value as_mapping(yaml::Value value) {
  if (value.kind == yaml::Value::Kind::null) value.kind = yaml::Value::Kind::mapping;
  return value;
}

}  // namespace muster::cli
