#include "agent/settings.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/text.hpp"
#include "net/server_url.hpp"
#include "yaml/reader.hpp"

namespace muster::agent {
namespace {

struct Key {
  std::string_view section;
  std::string_view key;
  std::string_view variable;
  std::string_view unused_because = {};  // not empty: read, and without effect
};

constexpr std::string_view kNoTaskAgent = "steps are run by this program, there is no task-agent";

constexpr std::array kKeys = {
    Key{"api", "auth_token", "CIRCLECI_RUNNER_API_AUTH_TOKEN"},
    Key{"api", "url", "CIRCLECI_RUNNER_API_URL"},
    Key{"api", "ca_file", kAuthoritiesVariable},
    Key{"runner", "name", "CIRCLECI_RUNNER_NAME"},
    Key{"logging", "level", "CIRCLECI_RUNNER_LOGGING_LEVEL"},
    Key{"logging", "format", "CIRCLECI_RUNNER_LOGGING_FORMAT"},
    Key{"logging", "file", "CIRCLECI_RUNNER_LOGGING_FILE"},
    Key{"runner", "command_prefix", "CIRCLECI_RUNNER_COMMAND_PREFIX"},
    Key{"runner", "working_directory", "CIRCLECI_RUNNER_WORK_DIR"},
    Key{"runner", "cleanup_working_directory", "CIRCLECI_RUNNER_CLEANUP_WORK_DIR"},
    Key{"runner", "mode", "CIRCLECI_RUNNER_MODE"},
    Key{"runner", "max_run_time", "CIRCLECI_RUNNER_MAX_RUN_TIME"},
    Key{"runner", kIsolationKey, "MUSTER_ISOLATION"},
    Key{"runner", kIsolationNetworkKey, "MUSTER_ISOLATION_NETWORK"},
    Key{"runner", kIsolationImageKey, "MUSTER_ISOLATION_IMAGE"},
    Key{"runner", kIsolationHideKey, "MUSTER_ISOLATION_HIDE"},
    Key{"runner", "idle_timeout", "CIRCLECI_RUNNER_IDLE_TIMEOUT"},
    Key{"runner", "task_agent_directory", "CIRCLECI_RUNNER_TASK_AGENT_DIRECTORY", kNoTaskAgent},
    Key{"runner", "cache_task_agent", "CIRCLECI_RUNNER_CACHE_TASK_AGENT", kNoTaskAgent},
    Key{"runner", "use_home_ssh_dir_for_checkout_keys", "USE_HOME_SSH_DIR_FOR_CHECKOUT_KEYS",
        "checkout needs no SSH keys"},
    Key{"runner", "disable_auto_update", "", "this program never updates itself"},
    Key{"ssh", "advertise_addr", "CIRCLECI_RUNNER_SSH_ADVERTISE_ADDR",
        "rerunning with SSH is not offered"},
};

yaml::Entry& entry_of(yaml::Value& mapping, std::string_view key) {
  mapping.kind = yaml::Value::Kind::mapping;
  for (auto& entry : mapping.entries) {
    if (entry.key == key) return entry;
  }
  mapping.entries.push_back({std::string(key), {}, {}});
  return mapping.entries.back();
}

yaml::Value& section_of(yaml::Value& root, std::string_view section) {
  if (section != "ssh") return entry_of(root, section).value;
  return entry_of(entry_of(root, "runner").value, "ssh").value;
}

yaml::Value scalar(std::string text) {
  yaml::Value value;
  value.kind = yaml::Value::Kind::scalar;
  value.text = std::move(text);
  return value;
}

// A list may be written in a variable as a YAML list, or as words.
yaml::Value list_from(const std::string& text) {
  if (auto parsed = yaml::parse(text); parsed && parsed->kind == yaml::Value::Kind::sequence) {
    return *parsed;
  }
  yaml::Value list;
  list.kind = yaml::Value::Kind::sequence;
  for (const auto& word : split(text, ' ')) {
    if (!word.empty()) list.items.push_back(scalar(word));
  }
  return list;
}

// Puts the variables where their keys are in the text, so that both are read by the same code.
void overlay(yaml::Value& root, const Variables& variables) {
  for (const auto& key : kKeys) {
    const auto found = variables.find(std::string(key.variable));
    if (found == variables.end()) continue;
    auto& value = entry_of(section_of(root, key.section), key.key).value;
    const bool is_list = key.key == "command_prefix" || key.key == kIsolationHideKey;
    value = is_list ? list_from(found->second) : scalar(found->second);
  }
}

std::string path_of(const Key& key) {
  return fmt::format("{}{}.{}", key.section == "ssh" ? "runner." : "", key.section, key.key);
}

// They are there for a reason, and one that is misspelt would be missed in silence.
std::vector<std::string> warn_of_unknown_variables(const Variables& variables) {
  constexpr std::string_view kPrefix = "CIRCLECI_RUNNER_";
  std::vector<std::string_view> known;  // without the prefix, in which all are alike
  for (const auto& key : kKeys) {
    if (key.variable.starts_with(kPrefix)) known.push_back(key.variable.substr(kPrefix.size()));
  }
  std::vector<std::string> warnings;
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(kPrefix)) continue;
    const auto word = std::string_view(name).substr(kPrefix.size());
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    const auto guess = nearest(word, known);
    warnings.push_back(
        fmt::format("{} is not known and has no effect{}", printable(name),
                    guess ? fmt::format(" (did you mean '{}{}'?)", kPrefix, *guess) : ""));
  }
  return warnings;
}

std::vector<std::string> warn_of_old_variables(const Variables& variables) {
  constexpr std::string_view kOld = "LAUNCH_AGENT_";
  std::vector<std::string> warnings;
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(kOld)) continue;
    // LAUNCH_AGENT_RUNNER_NAME is CIRCLECI_RUNNER_NAME; the other sections keep their word.
    auto rest = std::string_view(name).substr(kOld.size());
    if (rest.starts_with("RUNNER_")) rest.remove_prefix(std::string_view("RUNNER_").size());
    warnings.push_back(fmt::format("{} is launch-agent's and has no effect: use CIRCLECI_RUNNER_{}",
                                   printable(name), printable(rest)));
  }
  return warnings;
}

class Reader {
 public:
  LoadedSettings read(const yaml::Value& root, const std::string& hostname) {
    static const yaml::Value kNothing;
    const auto or_nothing = [](const yaml::Value* value) { return value ? *value : kNothing; };
    yaml::MapReader top(root, "", problems_);
    const auto api = or_nothing(top.take("api"));
    const auto runner = or_nothing(top.take("runner"));
    const auto logging = or_nothing(top.take("logging"));
    top.finish();
    read_api(api);
    read_runner(runner, hostname);
    read_logging(logging);
    return std::move(loaded_);
  }

  yaml::Problems problems() { return std::move(problems_); }

 private:
  void read_api(const yaml::Value& value) {
    yaml::MapReader reader(value, "api", problems_);
    auto& settings = loaded_.settings;
    settings.token = trim(reader.text("auth_token").value_or(""));
    if (settings.token.empty()) {
      reader.problem_at("auth_token",
                        "is missing: write the token of a resource class there, or set "
                        "CIRCLECI_RUNNER_API_AUTH_TOKEN");
    }
    const auto url = net::server_url(reader.text("url").value_or("http://127.0.0.1:8480"));
    if (!url) reader.problem_at("url", url.error().message);
    // A class's token has no business there, and CircleCI's way to hand out tasks is not public.
    if (url && url->find("circleci.com") != std::string::npos) {
      reader.problem_at("url",
                        "is CircleCI's: this agent claims from a muster server. CircleCI's own "
                        "runner claims from CircleCI");
    }
    settings.url = url.value_or("");
    if (url) warn_of_clear_text(reader.path_of("url"), *url);
    settings.ca_file = reader.text("ca_file").value_or("");
    if (!settings.ca_file.empty() && !settings.ca_file.is_absolute()) {
      reader.problem_at("ca_file", "must be an absolute path");
    }
    reader.finish();
  }

  // Not refused: a tunnel may carry it.
  void warn_of_clear_text(const std::string& key, const std::string& url) {
    const auto closed = net::private_server_url(url);
    if (!closed) loaded_.warnings.push_back(closed.error().within(key).message);
  }

  void read_runner(const yaml::Value& value, const std::string& hostname) {
    yaml::MapReader reader(value, "runner", problems_);
    auto& settings = loaded_.settings;
    settings.name = reader.text("name").value_or(hostname);
    check_name(reader, settings.name);
    settings.command_prefix = reader.texts("command_prefix");
    settings.working_directory = reader.text("working_directory").value_or("");
    read_working_directory(reader, settings.working_directory);
    settings.cleanup_working_directory =
        reader.boolean("cleanup_working_directory").value_or(false);
    settings.single_task = reader.choice("mode", {"continuous", "single-task"}).value_or(0) == 1;
    settings.max_run_time = reader.duration("max_run_time").value_or(settings.max_run_time);
    settings.idle_timeout = reader.duration("idle_timeout");
    settings.isolation = read_isolation(reader);
    if (settings.isolation && !settings.command_prefix.empty()) {
      reader.problem_at("command_prefix",
                        "and isolation exclude each other: remove one. To have jobs run as another "
                        "user as well, start the agent as root, with --job-user");
    }
    for (const auto& key : kKeys) {
      if (key.section == "runner" && reader.take(key.key)) warn_if_unused(key);
    }
    read_ssh(reader.take("ssh"));
    reader.finish();
  }

  void check_name(yaml::MapReader& reader, const std::string& name) {
    const bool fine = !name.empty() && std::all_of(name.begin(), name.end(), [](char letter) {
      return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
             std::string_view(".()-_").find(letter) != std::string_view::npos;
    });
    if (!fine) reader.problem_at("name", "may hold letters, digits and . ( ) - _ only");
  }

  void read_working_directory(yaml::MapReader& reader, std::string& directory) {
    if (directory == "auto") directory.clear();
    if (!directory.empty() && directory.front() != '/') {
      reader.problem_at("working_directory", "must be an absolute path");
    }
  }

  void read_ssh(const yaml::Value* value) {
    if (value == nullptr) return;
    yaml::MapReader reader(*value, "runner.ssh", problems_);
    if (reader.take("advertise_addr")) warn_if_unused(kKeys.back());
    reader.finish();
  }

  void read_logging(const yaml::Value& value) {
    yaml::MapReader reader(value, "logging", problems_);
    auto& logging = loaded_.settings.logging;
    const auto level = reader.choice("level", {"debug", "info", "warn", "error"});
    if (level) logging.level = static_cast<log::Level>(*level);
    const auto format = reader.choice("format", {"color", "text", "json", "none"});
    if (format) logging.format = static_cast<log::Format>(*format);
    logging.file = reader.text("file").value_or("");
    reader.finish();
  }

  void warn_if_unused(const Key& key) {
    if (key.unused_because.empty()) return;
    loaded_.warnings.push_back(
        fmt::format("{} has no effect: {}", path_of(key), key.unused_because));
  }

  LoadedSettings loaded_;
  yaml::Problems problems_;
};

Result<void> read_recycling(const Variables& variables, Recycling& recycling) {
  constexpr std::int64_t kMostTasks = 1'000'000;
  if (const auto given = variables.find(kRecycleVariable); given != variables.end()) {
    const auto after = parse_duration(given->second);
    if (!after || *after < std::chrono::seconds(1)) {
      return Error{ErrorKind::invalid,
                   fmt::format("{}={} must be a duration of 1s at least, as 12h", kRecycleVariable,
                               printable(given->second))};
    }
    recycling.after = *after;
  }
  if (const auto given = variables.find(kRecycleTasksVariable); given != variables.end()) {
    const auto tasks = parse_int(given->second);
    if (!tasks || *tasks < 1 || *tasks > kMostTasks) {
      return Error{ErrorKind::invalid,
                   fmt::format("{}={} must be a number from 1 to {}", kRecycleTasksVariable,
                               printable(given->second), kMostTasks)};
    }
    recycling.after_tasks = *tasks;
  }
  return ok();
}

Result<void> read_idle_after_task(const Variables& variables, Settings& settings) {
  const auto given = variables.find(kIdleVariable);
  if (given == variables.end()) return ok();
  const auto most = parse_duration(given->second);
  if (!most || *most < Millis(0)) {
    return Error{ErrorKind::invalid, fmt::format("{}={} must be a duration, as 0s or 10s",
                                                 kIdleVariable, printable(given->second))};
  }
  settings.idle_after_task = *most;
  return ok();
}

// One that is misspelt would leave jobs without isolation in silence.
Result<void> refuse_unknown_isolation(const Variables& variables) {
  for (const auto& [name, value] : variables) {
    const bool known = std::any_of(kKeys.begin(), kKeys.end(),
                                   [&name = name](const Key& key) { return key.variable == name; });
    if (known || !name.starts_with(kIsolationPrefix)) continue;
    return Error{ErrorKind::invalid,
                 fmt::format("{0} is not known: {1}, {1}_NETWORK, {1}_IMAGE and {1}_HIDE are",
                             printable(name), kIsolationPrefix)};
  }
  return ok();
}

Result<void> read_own_variables(const Variables& variables, Settings& settings) {
  if (auto read = read_idle_after_task(variables, settings); !read) return read;
  if (auto known = refuse_unknown_isolation(variables); !known) return known;
  if (auto read = read_recycling(variables, settings.recycling); !read) return read;
  if (const auto given = variables.find(kClassVariable); given != variables.end()) {
    settings.resource_class = given->second;
  }
  const auto state = variables.find(kStateVariable);
  if (state == variables.end()) return ok();
  if (!state->second.starts_with('/')) {
    return Error{ErrorKind::invalid, fmt::format("{}={} must be an absolute path", kStateVariable,
                                                 printable(state->second))};
  }
  settings.state_directory = state->second;
  return ok();
}

}  // namespace

bool holds_token(std::string_view text) {
  const auto root = yaml::parse(text);
  if (!root) return false;  // then nothing is read from it
  for (const auto& section : root->entries) {
    if (section.key != "api") continue;
    for (const auto& entry : section.value.entries) {
      if (entry.key == "auth_token") return !trim(entry.value.text).empty();
    }
  }
  return false;
}

std::variant<LoadedSettings, yaml::Problems> read_settings(std::string_view text,
                                                           const Variables& variables,
                                                           const std::string& hostname) {
  auto root = yaml::parse_located(text);
  if (!root) return yaml::Problems{{root.error().at, "", root.error().message}};
  overlay(*root, variables);
  Reader reader;
  auto loaded = reader.read(*root, hostname);
  if (auto problems = reader.problems(); !problems.empty()) return problems;
  if (auto own = read_own_variables(variables, loaded.settings); !own) {
    return yaml::Problems{{{}, "", own.error().message}};
  }
  for (auto* warn : {warn_of_old_variables, warn_of_unknown_variables}) {
    for (auto& warning : warn(variables)) loaded.warnings.push_back(std::move(warning));
  }
  return loaded;
}

}  // namespace muster::agent
