#include "cli/command_info.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"

namespace muster::cli {
namespace {

constexpr std::size_t kWidth = 88;

// `text` in lines of at most `width` characters, broken at blanks.
std::vector<std::string> wrap(const std::string& text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (const auto& word : split(text, ' ')) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) {
      lines.emplace_back();
    }
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

struct Row {
  std::string left;
  std::string right;
};

// Two columns under a heading; nothing for no rows.
std::string section(const std::string& heading, const std::vector<Row>& rows) {
  if (rows.empty()) return "";
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.left.size());
  std::string text = fmt::format("\n{}:\n", heading);
  for (const auto& row : rows) {
    std::string left = row.left;
    for (const auto& line : wrap(row.right, kWidth - width - 4)) {
      text += fmt::format("  {:<{}}  {}\n", std::exchange(left, ""), width, line);
    }
  }
  return text;
}

std::vector<Row> option_rows(const CommandInfo& command, bool positional) {
  std::vector<Row> rows;
  for (const auto& option : command.options) {
    if (option.positional != positional) continue;
    rows.push_back({option_label(option), option_explanation(option)});
  }
  return rows;
}

// The commands under their headings, in the order in which they were defined.
std::string command_sections(const CommandInfo& command) {
  std::vector<std::string> groups;
  for (const auto& child : command.commands) {
    const bool known = std::find(groups.begin(), groups.end(), child.group) != groups.end();
    if (!known && !child.is_hidden()) {
      groups.push_back(child.group);
    }
  }
  std::string text;
  for (const auto& group : groups) {
    std::vector<Row> rows;
    for (const auto& child : command.commands) {
      if (child.group == group) rows.push_back({child.name, child.summary});
    }
    text += section(group, rows);
  }
  return text;
}

}  // namespace

std::string option_label(const OptionInfo& option) {
  auto names = join(option.names, ", ");
  if (option.positional || option.value.empty()) return names;
  return names + " " + option.value;
}

std::string option_explanation(const OptionInfo& option) {
  auto text = option.help;
  if (!option.default_value.empty()) text += fmt::format(" Default: {}.", option.default_value);
  if (!option.variable.empty()) text += fmt::format(" Environment: {}.", option.variable);
  if (option.required && !option.positional) text += " Required.";
  return text;
}

std::string synopsis(const CommandInfo& command) {
  if (!command.commands.empty()) return command.path + " COMMAND [OPTIONS]";
  auto text = command.path;
  std::string rest;
  for (const auto& option : command.options) {
    if (option.takes_the_rest) rest = fmt::format(" -- {}…", option.names.front());
    if (!option.positional || option.takes_the_rest) continue;
    text += fmt::format(fmt::runtime(option.required ? " {}" : " [{}]"), option.names.front());
  }
  return text + " [OPTIONS]" + rest;
}

std::string help_text(const CommandInfo& command) {
  auto text = fmt::format("Usage: {}\n\n", synopsis(command));
  for (const auto& line : wrap(command.description, kWidth)) text += line + "\n";
  text += command_sections(command);
  text += section("Arguments", option_rows(command, true));
  text += section("Options", option_rows(command, false));
  if (!command.footer.empty()) text += "\n" + command.footer;
  return text;
}

std::string unknown_word(const CommandInfo& command, const std::string& word) {
  const bool option = word.starts_with("-");
  const auto name = option ? word.substr(0, word.find('=')) : word;
  std::vector<std::string_view> candidates;
  if (option) {
    for (const auto& known : command.options) {
      if (!known.positional) candidates.push_back(known.names.back());
    }
  } else {
    for (const auto& known : command.commands) candidates.push_back(known.name);
  }
  if (!option && candidates.empty()) return fmt::format("unexpected '{}'", printable(name));
  return fmt::format("unknown {} '{}'{}", option ? "option" : "command", printable(name),
                     did_you_mean(name, candidates));
}

}  // namespace muster::cli
