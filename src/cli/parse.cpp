#include "cli/parse.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/grammar.hpp"

namespace muster::cli {
namespace {

constexpr int kUsageError = 2;

// --- The definition as data -------------------------------------------------------------------

OptionInfo describe(const CLI::Option& option) {
  OptionInfo info;
  for (const auto& name : option.get_snames()) info.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) info.names.push_back("--" + name);
  info.positional = option.get_positional();
  if (info.positional) info.names = {option.get_name(true)};
  if (option.get_expected_max() > 0) info.value = option.get_type_name();
  info.help = option.get_description();
  info.default_value = option.get_default_str();
  info.variable = option.get_envname();
  info.required = option.get_required();
  info.takes_the_rest = info.positional && info.required && option.get_expected_max() > 1;
  return info;
}

CommandInfo describe(const CLI::App& app, const std::string& parent = "") {
  CommandInfo info;
  info.name = app.get_name();
  info.path = parent.empty() ? info.name : parent + " " + info.name;
  info.group = app.get_group();
  const auto parts = split(app.get_description(), '\n');
  info.summary = parts.front();
  info.description = parts.back();
  info.footer = app.get_footer();
  for (const auto* option : app.get_options()) info.options.push_back(describe(*option));
  const auto all = [](const CLI::App*) { return true; };
  for (const auto* child : app.get_subcommands(all)) {
    info.commands.push_back(describe(*child, info.path));
  }
  return info;
}

// --- Answers ----------------------------------------------------------------------------------

// The command that the arguments have led to.
const CLI::App& deepest(const CLI::App& app) {
  const auto taken = app.get_subcommands();
  return taken.empty() ? app : deepest(*taken.front());
}

std::string path_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name()
                                     : path_of(*app.get_parent()) + " " + app.get_name();
}

Answer usage_error(const CLI::App& at, const std::string& problem) {
  const auto path = path_of(at);
  return {kUsageError, "", fmt::format("{}: {}. See '{} --help'.\n", path, problem, path)};
}

struct Confusion {
  const CLI::App* at;
  std::string word;
};

// The first command on the way that was given a word which it does not take, or nothing. CLI11
// counts the mark "--" itself among such words.
std::optional<Confusion> confused(const CLI::App& app) {
  auto words = app.remaining();
  std::erase(words, "--");
  if (!words.empty()) return Confusion{&app, words.front()};
  const auto taken = app.get_subcommands();
  return taken.empty() ? std::nullopt : confused(*taken.front());
}

// Why nothing was chosen; `problem` is what CLI11 has to say, if anything. An unknown word comes
// first: a misspelt option must not be reported as a missing one.
Answer complain(const CLI::App& root, const std::string& problem) {
  if (const auto found = confused(root)) {
    return usage_error(*found->at, unknown_word(describe(*found->at), found->word));
  }
  const auto& at = deepest(root);
  if (!problem.empty()) return usage_error(at, printable(problem));
  if (at.get_parent() == nullptr) return {kUsageError, "", help_text(describe(root))};
  std::vector<std::string> names;
  for (const auto& child : describe(at).commands) names.push_back(child.name);
  return usage_error(at, "say which: " + join(names, ", "));
}

Answer help(const CLI::App& app) {
  auto info = describe(app);
  info.path = path_of(app);
  return {0, help_text(info), ""};
}

Answer help(const CLI::App& app, const std::vector<std::string>& words) {
  const auto* at = &app;
  for (const auto& word : words) {
    const auto found =
        at->get_subcommands([&](const CLI::App* child) { return child->get_name() == word; });
    if (found.empty()) return usage_error(*at, unknown_word(describe(*at), word));
    at = found.front();
  }
  return help(*at);
}

}  // namespace

std::variant<Options, Answer> parse(const std::vector<std::string>& arguments) {
  Grammar grammar;
  auto& app = grammar.app();
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    if (confused(app)) return complain(app, "");
    if (const auto& words = grammar.help_about()) return help(app, *words);
    if (!grammar.chosen()) return complain(app, "");
    return *grammar.chosen();
  } catch (const CLI::CallForHelp&) {
    return help(deepest(app));
  } catch (const CLI::CallForVersion& asked) {
    return Answer{0, std::string(asked.what()) + "\n", ""};
  } catch (const CLI::ArgumentMismatch& mismatch) {
    const std::string text = mismatch.what();
    return complain(app, text.substr(0, text.find(':')) + " needs a value");
  } catch (const CLI::ParseError& error) {
    return complain(app, error.what());
  }
}

CommandInfo command_info() {
  return describe(Grammar().app());
}

}  // namespace muster::cli
