// Completion scripts. All three work alike: the words so far lead to a command ("at"), and the
// command has a list of candidates. Options that take a value complete files, directories or
// choices instead.

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command_info.hpp"

namespace muster::cli {
namespace {

template <class Visit>
void each_command(const CommandInfo& command, const Visit& visit) {
  visit(command);
  for (const auto& child : command.commands) each_command(child, visit);
}

// In single quotes, for any of the three shells' needs: our texts hold no backslash.
std::string quoted(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '\'' ? "’" : std::string(1, c);
  return "'" + safe + "'";
}

bool is_choice(const std::string& value) {
  return value.find('|') != std::string::npos;
}

std::vector<std::string> choices(const OptionInfo& option) {
  return is_choice(option.value) ? split(option.value, '|') : std::vector<std::string>{};
}

// 'muster'|'muster run'|...: the patterns under which a shell's `case` knows every command but
// the root.
std::string command_patterns(const CommandInfo& root) {
  std::vector<std::string> patterns;
  each_command(root, [&](const CommandInfo& command) {
    if (&command != &root) patterns.push_back(quoted(command.path));
  });
  return join(patterns, "|");
}

// 'muster agent --config'|...: after which words a value of this kind is expected.
template <class Kind>
std::string value_patterns(const CommandInfo& root, const Kind& is_kind) {
  std::vector<std::string> patterns;
  each_command(root, [&](const CommandInfo& command) {
    for (const auto& option : command.options) {
      if (option.positional || !is_kind(option.value)) continue;
      for (const auto& name : option.names) patterns.push_back(quoted(command.path + " " + name));
    }
  });
  return join(patterns, "|");
}

bool is_file(const std::string& value) {
  return value == "FILE";
}
bool is_directory(const std::string& value) {
  return value == "DIR";
}
bool is_free_text(const std::string& value) {
  return !value.empty() && !is_file(value) && !is_directory(value);
}

struct Candidate {
  std::string word;
  std::string help;
};

std::vector<Candidate> candidates(const CommandInfo& command) {
  std::vector<Candidate> found;
  for (const auto& child : command.commands) {
    if (!child.is_hidden()) found.push_back({child.name, child.summary});
  }
  for (const auto& option : command.options) {
    for (const auto& choice : choices(option)) found.push_back({choice, option.help});
    if (!option.positional) found.push_back({option.names.back(), option.help});
  }
  return found;
}

bool takes_directory(const CommandInfo& command) {
  for (const auto& option : command.options) {
    if (option.positional && is_directory(option.value)) return true;
  }
  return false;
}

std::string bash_script(const CommandInfo& root) {
  std::string cases;
  each_command(root, [&](const CommandInfo& command) {
    std::string words;
    for (const auto& candidate : candidates(command)) words += " " + candidate.word;
    cases += fmt::format("    {}) words='{}'; directories={};;\n", quoted(command.path),
                         words.substr(1), takes_directory(command));
  });
  return fmt::format(R"(# bash completion for muster. Made by: muster completion bash
_muster() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  local at=muster word words= directories=false
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$at $word" in {}) at="$at $word";; esac
  done
  case "$at $previous" in
    {}) COMPREPLY=($(compgen -f -- "$current")); return;;
    {}) COMPREPLY=($(compgen -d -- "$current")); return;;
    {}) COMPREPLY=(); return;;
  esac
  case "$at" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if $directories; then COMPREPLY+=($(compgen -d -- "$current")); fi
}}
complete -o filenames -F _muster muster
)",
                     command_patterns(root), value_patterns(root, is_file),
                     value_patterns(root, is_directory), value_patterns(root, is_free_text), cases);
}

std::string zsh_script(const CommandInfo& root) {
  std::string cases;
  each_command(root, [&](const CommandInfo& command) {
    std::string words;
    for (const auto& [word, help] : candidates(command)) words += " " + quoted(word + ":" + help);
    cases += fmt::format("    ({}) found=({}); directories={};;\n", quoted(command.path),
                         words.substr(1), takes_directory(command));
  });
  return fmt::format(R"(#compdef muster
# zsh completion for muster. Made by: muster completion zsh
_muster() {{
  local at=muster word directories=false
  local -a found
  for word in ${{words[2,CURRENT-1]}}; do
    case "$at $word" in ({}) at="$at $word";; esac
  done
  case "$at ${{words[CURRENT-1]}}" in
    ({}) _files; return;;
    ({}) _files -/; return;;
    ({}) return;;
  esac
  case "$at" in
{}  esac
  _describe muster found
  if $directories; then _files -/; fi
}}
# In $fpath, this file is the function's body at its first call; else somebody sources it.
if [[ ${{funcstack[1]}} = _muster ]]; then _muster "$@"; else compdef _muster muster; fi
)",
                     command_patterns(root), value_patterns(root, is_file),
                     value_patterns(root, is_directory), value_patterns(root, is_free_text), cases);
}

// "-s c -l config": the names as fish wants them.
std::string fish_names(const OptionInfo& option) {
  std::string text;
  for (const auto& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  return text;
}

std::string fish_option(const std::string& condition, const OptionInfo& option) {
  const auto line = [&](const std::string& rest) {
    return fmt::format("complete -c muster -n {}{} -d {}\n", condition, rest, quoted(option.help));
  };
  if (option.positional) {
    if (is_choice(option.value)) return line(" -a " + quoted(join(choices(option), " ")));
    return is_directory(option.value) ? line(" -a '(__fish_complete_directories)'") : "";
  }
  const auto* value = option.value.empty() ? "" : is_free_text(option.value) ? " -x" : " -r -F";
  return line(fish_names(option) + value);
}

std::string fish_script(const CommandInfo& root) {
  std::string lines;
  each_command(root, [&](const CommandInfo& command) {
    const auto condition = fmt::format("'__muster_at \"{}\"'", command.path);
    for (const auto& child : command.commands) {
      if (child.is_hidden()) continue;
      lines += fmt::format("complete -c muster -n {} -a {} -d {}\n", condition, child.name,
                           quoted(child.summary));
    }
    for (const auto& option : command.options) lines += fish_option(condition, option);
  });
  auto patterns = command_patterns(root);
  for (auto& c : patterns) c = c == '|' ? ' ' : c;
  return fmt::format(R"(# fish completion for muster. Made by: muster completion fish
function __muster_at
  set -l at muster
  for word in (commandline -opc)[2..-1]
    if contains -- "$at $word" {}
      set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
complete -c muster -f
{})",
                     patterns, lines);
}

}  // namespace

std::string completion_script(const CommandInfo& root, const std::string& shell) {
  if (shell == "bash") return bash_script(root);
  if (shell == "zsh") return zsh_script(root);
  return fish_script(root);
}

}  // namespace muster::cli
