#include "yaml/reader.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::yaml {

// A key, and what a library says of a text, may hold what is no text.
std::string Problem::describe() const {
  const auto where = at.line > 0 ? fmt::format("line {}, column {}: ", at.line, at.column) : "";
  const auto shown = path.empty() ? where + message : fmt::format("{}{}: {}", where, path, message);
  return printable_lines(shown);
}

std::string Problem::describe_in(std::string_view file) const {
  const auto where =
      at.line > 0 ? fmt::format("{}:{}:{}", file, at.line, at.column) : std::string(file);
  return printable_lines(path.empty() ? fmt::format("{}: {}", where, message)
                                      : fmt::format("{}: {}: {}", where, path, message));
}

void report(Problems& problems, Problem problem) {
  if (problems.size() < kMostProblems) problems.push_back(std::move(problem));
}

void sort_by_position(Problems& problems) {
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Problem& a, const Problem& b) { return a.at < b.at; });
}

Error to_error(Problems problems) {
  sort_by_position(problems);
  std::vector<std::string> lines;
  for (const auto& problem : problems) lines.push_back(problem.describe());
  return {ErrorKind::invalid, join(lines, "\n")};
}

std::string describe(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return "nothing";
    case Value::Kind::scalar:
      return fmt::format("'{}'", printable(value.text, 60));
    case Value::Kind::sequence:
      return "a list";
    case Value::Kind::mapping:
      return "a mapping";
  }
  return "something else";
}

namespace {

bool is_readable_as_mapping(const Value& value) {
  return value.kind == Value::Kind::mapping || value.kind == Value::Kind::null;
}

void expected(std::string_view what, const Value& value, const std::string& path,
              Problems& problems) {
  report(problems, {value.at, path, fmt::format("expected {}, found {}", what, describe(value))});
}

bool is_plain(const Value& value) {
  return value.kind == Value::Kind::scalar && !value.quoted;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::optional<bool> boolean_of(std::string_view text) {
  if (is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) {
    return false;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> as_text(const Value& value, const std::string& path,
                                   Problems& problems) {
  if (value.kind == Value::Kind::scalar) return value.text;
  expected("a text", value, path, problems);
  return std::nullopt;
}

std::optional<bool> as_boolean(const Value& value, const std::string& path, Problems& problems) {
  const auto flag = is_plain(value) ? boolean_of(value.text) : std::nullopt;
  const bool only_quoted = value.quoted && boolean_of(value.text);
  if (!flag) {
    expected(only_quoted ? "true or false without quotes" : "true or false", value, path, problems);
  }
  return flag;
}

std::optional<std::int64_t> as_integer(const Value& value, const std::string& path, Range range,
                                       Problems& problems) {
  const auto number = is_plain(value) ? parse_int(value.text) : std::nullopt;
  if (number && *number >= range.least && *number <= range.most) return number;
  auto what = fmt::format("a whole number from {} to {}", range.least, range.most);
  if (value.quoted && parse_int(value.text)) what += " without quotes";
  expected(what, value, path, problems);
  return std::nullopt;
}

static std::optional<Millis> duration_of(const Value& value) {
  if (value.kind != Value::Kind::scalar) return std::nullopt;
  const auto duration = parse_duration(value.text);
  return duration ? std::optional(*duration) : std::nullopt;
}

std::optional<Millis> as_duration(const Value& value, const std::string& path, Problems& problems) {
  const auto duration = duration_of(value);
  if (!duration) expected("a duration such as 30s, 10m or 1h30m", value, path, problems);
  return duration;
}

std::optional<Millis> as_duration(const Value& value, const std::string& path, DurationRange range,
                                  Problems& problems) {
  const auto duration = duration_of(value);
  if (duration && *duration >= range.least && *duration <= range.most) return duration;
  expected(fmt::format("a duration from {} to {}, such as 30s, 10m or 1h30m",
                       format_duration(range.least), format_duration(range.most)),
           value, path, problems);
  return std::nullopt;
}

std::vector<std::string> as_texts(const Value& value, const std::string& path, Problems& problems) {
  std::vector<std::string> texts;
  if (value.kind != Value::Kind::sequence) {
    expected("a list of texts", value, path, problems);
    return texts;
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    auto text = as_text(value.items[i], fmt::format("{}[{}]", path, i), problems);
    if (text) texts.push_back(std::move(*text));
  }
  return texts;
}

MapReader::MapReader(const Value& value, std::string path, Problems& problems)
    : value_(&value), path_(std::move(path)), problems_(&problems) {
  if (!is_readable_as_mapping(value)) expected("a mapping", value, path_, problems);
}

std::string MapReader::path_of(std::string_view key) const {
  const auto shown = printable(key, 60);
  return path_.empty() ? shown : path_ + "." + shown;
}

const Value* MapReader::take(std::string_view key) {
  known_.emplace_back(key);
  return value_->find(key);
}

const Value* MapReader::require(std::string_view key) {
  const auto* found = take(key);
  if (!found && is_readable_as_mapping(*value_)) problem(fmt::format("'{}' is missing", key));
  return found;
}

std::optional<std::string> MapReader::text(std::string_view key) {
  const auto* value = take(key);
  return value ? as_text(*value, path_of(key), *problems_) : std::nullopt;
}

std::optional<bool> MapReader::boolean(std::string_view key) {
  const auto* value = take(key);
  return value ? as_boolean(*value, path_of(key), *problems_) : std::nullopt;
}

std::optional<std::int64_t> MapReader::integer(std::string_view key, Range range) {
  const auto* value = take(key);
  return value ? as_integer(*value, path_of(key), range, *problems_) : std::nullopt;
}

std::optional<Millis> MapReader::duration(std::string_view key) {
  const auto* value = take(key);
  return value ? as_duration(*value, path_of(key), *problems_) : std::nullopt;
}

std::optional<Millis> MapReader::duration(std::string_view key, DurationRange range) {
  const auto* value = take(key);
  return value ? as_duration(*value, path_of(key), range, *problems_) : std::nullopt;
}

std::vector<std::string> MapReader::texts(std::string_view key) {
  const auto* value = take(key);
  return value ? as_texts(*value, path_of(key), *problems_) : std::vector<std::string>();
}

std::optional<std::size_t> MapReader::choice(std::string_view key,
                                             const std::vector<std::string_view>& names) {
  const auto* value = take(key);
  if (!value) return std::nullopt;
  const auto found = value->kind == Value::Kind::scalar
                         ? std::find(names.begin(), names.end(), value->text)
                         : names.end();
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const std::vector<std::string> words(names.begin(), names.end());
  report(*problems_, {value->at, path_of(key),
                      fmt::format("expected one of {}, found {}{}", join(words, ", "),
                                  yaml::describe(*value), did_you_mean(value->text, names))});
  return std::nullopt;
}

void MapReader::problem(std::string message) {
  report(*problems_, {value_->at, path_, std::move(message)});
}

void MapReader::problem_at(std::string_view key, std::string message) {
  const auto entry = std::find_if(value_->entries.begin(), value_->entries.end(),
                                  [&](const Entry& candidate) { return candidate.key == key; });
  const auto at = entry == value_->entries.end() ? value_->at : entry->at;
  report(*problems_, {at, path_of(key), std::move(message)});
}

void MapReader::finish() {
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  for (const auto& entry : value_->entries) {
    if (problems_->size() >= kMostProblems) return;
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    report(*problems_, {entry.at, path_of(entry.key),
                        fmt::format("unknown key '{}'{}", printable(entry.key, 60),
                                    did_you_mean(entry.key, known))});
  }
}

}  // namespace muster::yaml
