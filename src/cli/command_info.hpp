#pragma once

// The command line as plain data: what help, complaints and shell completion are made from. It is
// read off the parser (see parse.hpp), so that none can say what the parser does not do.

#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

struct OptionInfo {
  std::vector<std::string> names;  // "-c", "--config"; of a positional argument: its name
  std::string value;               // "FILE", or choices: "bash|zsh|fish"; empty: a flag
  std::string help;
  std::string default_value;
  std::string variable;  // the environment variable that stands in for it
  bool positional = false;
  bool required = false;
  bool takes_the_rest = false;  // a program and its arguments, behind "--"
};

struct CommandInfo {
  std::string path;         // "muster pipeline show"
  std::string name;         // "show"
  std::string group;        // the heading it stands under; empty: not shown among others
  std::string summary;      // one line
  std::string description;  // a paragraph
  std::string footer;       // examples and the like, as they are to be shown
  std::vector<OptionInfo> options;
  std::vector<CommandInfo> commands;

  bool is_hidden() const { return group.empty(); }
};

// "muster token create [RESOURCE_CLASS] [OPTIONS]", "muster instance watch [OPTIONS] -- COMMAND…"
std::string synopsis(const CommandInfo& command);
// "-c, --config FILE", and what it does: help, default, variable.
std::string option_label(const OptionInfo& option);
std::string option_explanation(const OptionInfo& option);

// What --help prints.
std::string help_text(const CommandInfo& command);

// What is wrong with a word that the command does not take, with what may have been meant.
std::string unknown_word(const CommandInfo& command, const std::string& word);

// The text of muster(1), for man(7)'s macros.
std::string man_page(const CommandInfo& root, std::string_view version);

// A completion script for "bash", "zsh" or "fish".
std::string completion_script(const CommandInfo& root, const std::string& shell);

}  // namespace muster::cli
