#pragma once

// Logging: one line an event, to standard error or a file.
//
//   log::info("task claimed", {{"task", id}, {"attempt", "1"}});
//
// Text for people, JSON for machines; fields keep their names in both, so that lines of server,
// agent and scaler join up. Values are made printable, and quoted where they
// hold more than a word, so that nobody can forge a line or a field.
// Thread-safe. A secret is never a value.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace muster::log {

enum class Level { debug, info, warn, error };
enum class Format {
  color,  // text, coloured on a terminal
  text,
  json,
  none,  // nothing at all
};

struct Settings {
  Level level = Level::info;
  Format format = Format::color;
  std::string file;  // empty or "-": standard error
};

// Once, before the first line; until then lines go to standard error as text.
Result<void> configure(const Settings& settings);

Result<Level> parse_level(std::string_view text);
Result<Format> parse_format(std::string_view text);

using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

void write(Level level, std::string_view message, Fields fields = {});
inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::error, message, fields);
}

}  // namespace muster::log
