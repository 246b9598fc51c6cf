#include "pipeline/read_step.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "pipeline/read_parts.hpp"

namespace muster::pipeline {

using yaml::MapReader;
using yaml::Problems;
using yaml::Value;

namespace {

constexpr std::string_view kUnsupportedSteps[] = {"save_cache",
                                                  "restore_cache",
                                                  "store_artifacts",
                                                  "store_test_results",
                                                  "persist_to_workspace",
                                                  "attach_workspace",
                                                  "add_ssh_keys",
                                                  "setup_remote_docker",
                                                  "deploy",
                                                  "when",
                                                  "unless",
                                                  "install_signing_bundle"};
constexpr std::string_view kUnsupportedRunKeys[] = {"max_auto_reruns", "auto_rerun_delay"};
constexpr std::string_view kUnsupportedCheckoutKeys[] = {"path", "method", "name"};

void check_command(const Value& value, const std::string& path, Problems& problems) {
  const auto refuse = [&](std::string why) { report(problems, {value.at, path, std::move(why)}); };
  if (trim(value.text).empty()) refuse("the command is empty");
  if (value.text.size() > kLongestArgument) {
    refuse(fmt::format("the command is longer than Linux allows ({} bytes); put it in a file",
                       kLongestArgument));
  }
}

std::string read_command(MapReader& run, Problems& problems) {
  const auto* value = run.require("command");
  if (!value) return {};
  auto command = as_text(*value, run.path_of("command"), problems);
  if (command) check_command(*value, run.path_of("command"), problems);
  return command.value_or("");
}

Millis read_no_output_timeout(MapReader& run) {
  const auto timeout = run.duration("no_output_timeout");
  if (timeout == Millis(0)) run.problem_at("no_output_timeout", "must be longer than 0s");
  return timeout.value_or(RunStep().no_output_timeout);
}

When read_when(MapReader& run) {
  constexpr When kMeanings[] = {When::always, When::on_success, When::on_fail};
  const auto index = run.choice("when", {"always", "on_success", "on_fail"});
  return index ? kMeanings[*index] : When::on_success;
}

RunStep read_run_mapping(const Value& value, const std::string& path, Problems& problems) {
  MapReader run(value, path, problems);
  RunStep step;
  step.command = read_command(run, problems);
  step.name = read_text(run, "name", problems).value_or(step.command);
  step.environment = read_environment(run, problems);
  step.working_directory = read_text(run, "working_directory", problems);
  step.shell = read_text(run, "shell", problems);
  step.background = run.boolean("background").value_or(false);
  step.no_output_timeout = read_no_output_timeout(run);
  step.when = read_when(run);
  refuse_unsupported(run, kUnsupportedRunKeys);
  run.finish();
  return step;
}

RunStep read_run(const Value& value, const std::string& path, Problems& problems) {
  if (value.kind != Value::Kind::scalar) return read_run_mapping(value, path, problems);
  check_command(value, path, problems);
  return {.name = value.text, .command = value.text};
}

CheckoutStep read_checkout(const Value& value, const std::string& path, Problems& problems) {
  MapReader checkout(value, path, problems);
  refuse_unsupported(checkout, kUnsupportedCheckoutKeys);
  checkout.finish();
  return {};
}

std::string why_no_step(const std::string& name) {
  if (std::ranges::find(kUnsupportedSteps, name) != std::end(kUnsupportedSteps)) {
    return fmt::format("'{}' is not supported yet", name);
  }
  std::vector<std::string_view> known{"run", "checkout"};
  known.insert(known.end(), std::begin(kUnsupportedSteps), std::end(kUnsupportedSteps));
  return fmt::format("unknown step '{}'{}", printable(name, 60), did_you_mean(name, known));
}

std::optional<Step> read_word(const Value& value, const std::string& path, Problems& problems) {
  if (value.text == "checkout") return CheckoutStep();
  const bool bare_run = value.text == "run";
  report(problems, {value.at, path, bare_run ? "'run' needs a command" : why_no_step(value.text)});
  return std::nullopt;
}

std::string why_no_single_key(const Value& value) {
  const auto* run = value.find("run");
  return run && run->kind == Value::Kind::null
             ? "indent what belongs to 'run' deeper than 'run' itself"
             : fmt::format("a step has exactly one key, found {}", value.entries.size());
}

}  // namespace

std::optional<Step> read_step(const Value& value, const std::string& path, Problems& problems) {
  if (value.kind == Value::Kind::scalar) return read_word(value, path, problems);
  if (value.kind != Value::Kind::mapping) {
    report(problems, {value.at, path, fmt::format("expected a step, found {}", describe(value))});
    return std::nullopt;
  }
  if (value.entries.size() != 1) {
    report(problems, {value.at, path, why_no_single_key(value)});
    return std::nullopt;
  }
  const auto& [kind, at, body] = value.entries.front();
  const auto body_path = path + "." + printable(kind, 60);
  if (kind == "run") return read_run(body, body_path, problems);
  if (kind == "checkout") return read_checkout(body, body_path, problems);
  report(problems, {at, body_path, why_no_step(kind)});
  return std::nullopt;
}

}  // namespace muster::pipeline
