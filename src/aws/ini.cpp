#include "aws/ini.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::aws {

namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

// A comment within a line begins with a blank.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    const bool mark = value[i] == '#' || value[i] == ';';
    if (mark && (value[i - 1] == ' ' || value[i - 1] == '\t')) return trim(value.substr(0, i));
  }
  return trim(value);
}

class Reader {
 public:
  // What is wrong with the line, or nothing.
  std::string_view read(std::string_view line) {
    const auto text = trim(line);
    if (text.empty() || text.front() == '#' || text.front() == ';') return {};
    if (line.front() == ' ' || line.front() == '\t') return read_indented(text);
    return text.front() == '[' ? read_section(text) : read_setting(text);
  }
  std::map<std::string, Settings> take() { return std::move(sections_); }

 private:
  std::string_view read_section(std::string_view text) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return "this section has no closing bracket";
    section_ = &sections_[std::string(trim(text.substr(1, end - 1)))];
    setting_.clear();
    return {};
  }

  std::string_view read_setting(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return "this is neither a [section] nor a setting such as name = value";
    }
    if (!section_) return "this setting is before the first [section]";
    setting_ = lower(trim(text.substr(0, equals)));
    (*section_)[setting_] = without_comment(text.substr(equals + 1));
    return {};
  }

  // Below an empty setting: one of its group. Below any other: more of its value.
  std::string_view read_indented(std::string_view text) {
    if (setting_.empty()) return "this line is indented, and there is no setting above it";
    auto& value = (*section_)[setting_];
    const auto equals = text.find('=');
    if (!value.empty()) {
      value += "\n" + std::string(text);
    } else if (equals != std::string_view::npos && equals > 0) {
      const auto name = setting_ + "." + lower(trim(text.substr(0, equals)));
      (*section_)[name] = without_comment(text.substr(equals + 1));
    } else {
      return "this is no setting of the group above it";
    }
    return {};
  }

  std::map<std::string, Settings> sections_;
  Settings* section_ = nullptr;  // the one being read; nodes of a map stay where they are
  std::string setting_;          // the latest at the margin
};

}  // namespace

Result<std::map<std::string, Settings>> parse_ini(std::string_view text) {
  Reader reader;
  int number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    if (const auto wrong = reader.read(line); !wrong.empty()) {
      return Error{ErrorKind::invalid, fmt::format("line {}: {}", number, wrong)};
    }
  }
  return reader.take();
}

}  // namespace muster::aws
