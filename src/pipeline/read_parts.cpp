#include "pipeline/read_parts.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "pipeline/names.hpp"

namespace muster::pipeline {

using yaml::MapReader;
using yaml::Position;
using yaml::Problems;
using yaml::Value;

void refuse_unsupported(MapReader& map, std::span<const std::string_view> keys) {
  for (const auto key : keys) {
    if (map.take(key)) map.problem_at(key, fmt::format("'{}' is not supported yet", key));
  }
}

std::optional<std::string> read_text(MapReader& map, std::string_view key, Problems& problems) {
  const auto* value = map.take(key);
  if (!value) return std::nullopt;
  auto text = as_text(*value, map.path_of(key), problems);
  if (text && trim(*text).empty()) {
    report(problems, {value->at, map.path_of(key), fmt::format("'{}' is empty", key)});
  }
  return text;
}

namespace {

class EnvironmentReader {
 public:
  EnvironmentReader(std::string path, Problems& problems)
      : path_(std::move(path)), problems_(problems) {}

  Environment read(const Value& value) {
    if (value.kind == Value::Kind::sequence) {
      for (const auto& item : value.items) read_item(item);
    } else {
      read_mapping(value);
    }
    return std::move(environment_);
  }

 private:
  void read_mapping(const Value& value) {
    MapReader map(value, path_, problems_);
    for (const auto& entry : value.entries) {
      const auto text = as_text(entry.value, map.path_of(entry.key), problems_);
      if (text) add(entry.key, *text, entry.at);
    }
  }

  void read_item(const Value& item) {
    if (item.kind != Value::Kind::scalar) return read_mapping(item);
    const auto equals = item.text.find('=');
    if (equals == std::string::npos) {
      return report(problems_,
                    {item.at, path_, fmt::format("expected NAME=VALUE, found {}", describe(item))});
    }
    add(item.text.substr(0, equals), item.text.substr(equals + 1), item.at);
  }

  void add(const std::string& name, const std::string& value, Position at) {
    const auto refuse = [&](std::string_view why) {
      report(problems_, {at, path_, fmt::format("'{}' {}", printable(name, 60), why)});
    };
    if (!is_environment_name(name)) {
      return refuse("is no name for a variable: use letters, digits and _, not a digit first");
    }
    if (name.size() + 1 + value.size() > kLongestArgument) {
      return refuse(fmt::format("is longer than Linux allows ({} bytes)", kLongestArgument));
    }
    if (!environment_.emplace(name, value).second) refuse("is there twice");
  }

  std::string path_;
  Problems& problems_;
  Environment environment_;
};

}  // namespace

Environment read_environment(MapReader& map, Problems& problems) {
  constexpr std::string_view kKey = "environment";
  const auto* value = map.take(kKey);
  return value ? EnvironmentReader(map.path_of(kKey), problems).read(*value) : Environment();
}

}  // namespace muster::pipeline
