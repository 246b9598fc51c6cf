// The manual page, for man(7)'s macros: groff and mandoc read it.

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command_info.hpp"

namespace muster::cli {
namespace {

// A line of text as roff takes it: no character of it is a request, an escape or a typographer's.
std::string escaped(const std::string& line) {
  std::string safe = line.starts_with('.') || line.starts_with('\'') ? "\\&" : "";
  for (const char c : line) {
    switch (c) {
      case '\\':
        safe += "\\e";
        break;
      case '-':
        safe += "\\-";
        break;
      case '\'':
        safe += "\\(aq";
        break;
      case '"':
        safe += "\\(dq";
        break;
      case '~':
        safe += "\\(ti";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

// Lines that stay as they are.
std::string as_written(const std::string& text) {
  std::string lines;
  for (const auto& line : split(trim(text), '\n')) lines += escaped(std::string(line)) + "\n";
  return ".nf\n" + lines + ".fi\n";
}

std::string definition(const std::string& what, const std::string& text) {
  return fmt::format(".TP\n.B {}\n{}\n", escaped(what), escaped(text));
}

std::string options(const CommandInfo& command) {
  std::string text;
  for (const auto& option : command.options) {
    const bool help = option.names.back() == "--help";  // said once, of all
    if (!help) text += definition(option_label(option), option_explanation(option));
  }
  return text;
}

std::string sections(const CommandInfo& command) {
  std::string text;
  for (const auto& child : command.commands) {
    if (child.is_hidden()) continue;
    if (child.commands.empty()) {
      text += fmt::format(".SS {}\n{}\n", escaped(synopsis(child)), escaped(child.description));
      text += options(child) + ".PP\n" + as_written(child.footer);
    }
    text += sections(child);
  }
  return text;
}

}  // namespace

std::string man_page(const CommandInfo& root, std::string_view version) {
  return fmt::format(".TH MUSTER 1 \"\" \"muster {}\"\n", escaped(std::string(version))) +
         fmt::format(".SH NAME\nmuster \\- {}\n", escaped(root.summary)) +
         fmt::format(".SH SYNOPSIS\n.B {}\n", escaped(synopsis(root))) +
         fmt::format(".SH DESCRIPTION\n{}\n", escaped(root.description)) +
         fmt::format(".SH OPTIONS\n{}{}", definition("-h, --help", "Of every command: its help."),
                     options(root)) +
         ".SH COMMANDS\n" + sections(root) + ".SH EXAMPLES AND EXIT CODES\n" +
         as_written(root.footer);
}

}  // namespace muster::cli
