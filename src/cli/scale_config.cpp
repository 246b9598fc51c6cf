#include "cli/scale_config.hpp"

#include <unistd.h>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/token_file.hpp"
#include "cli/commands.hpp"
#include "net/server_url.hpp"
#include "yaml/reader.hpp"

namespace muster::cli {

namespace {

constexpr std::uint64_t kLongestFile = 1 << 20;
constexpr yaml::Range kInstances{0, 1000};

// An empty section lacks its keys as any other mapping does.
yaml::Value as_mapping(yaml::Value value) {
  if (value.kind == yaml::Value::Kind::null) value.kind = yaml::Value::Kind::mapping;
  return value;
}

class ConfigReader {
 public:
  explicit ConfigReader(const std::filesystem::path& directory) : directory_(directory) {}

  std::variant<ScaleConfig, yaml::Problems> read(const yaml::Value& document) {
    ScaleConfig config;
    const auto whole = as_mapping(document);
    yaml::MapReader top(whole, "", problems_);
    if (const auto* server = top.require("server")) read_server(*server, config.server);
    config.state_directory = path(top, "state_directory");
    if (const auto* classes = top.require("resource_classes")) {
      if (classes->entries.empty()) {
        top.problem_at("resource_classes", "needs at least one class: namespace/name");
      }
      read_classes(*classes, config);
    }
    top.finish();
    if (!problems_.empty()) return std::move(problems_);
    config.token_files = std::move(token_files_);
    return config;
  }

 private:
  void read_classes(const yaml::Value& classes, ScaleConfig& config) {
    for (const auto& [name, at, value] : classes.entries) {
      config.classes.push_back(read_class(name, value, config.server.url));
      if (is_class_name(name)) continue;
      problems_.push_back(
          {at, "resource_classes",
           fmt::format("'{}' is not a resource class such as namespace/name", printable(name))});
    }
  }

  static bool is_class_name(std::string_view name) {
    const auto slash = name.find('/');
    return slash != 0 && slash != std::string_view::npos && slash + 1 < name.size() &&
           name.find('/', slash + 1) == std::string_view::npos;
  }

  std::filesystem::path path(yaml::MapReader& reader, std::string_view key) {
    if (reader.require(key) == nullptr) return {};
    const auto text = reader.text(key);
    if (text && text->empty()) reader.problem_at(key, "is empty");
    return text ? std::filesystem::absolute(directory_ / *text).lexically_normal()
                : std::filesystem::path();
  }

  std::filesystem::path token_file(yaml::MapReader& reader, const std::string& owner) {
    constexpr auto kKey = "token_file";
    auto file = path(reader, kKey);
    if (const auto* value = reader.take(kKey)) {
      token_files_.push_back({file, value->at, reader.path_of(kKey), owner});
    }
    return file;
  }

  // A duration between `least` and a year.
  Millis duration(yaml::MapReader& reader, std::string_view key, Millis least, Millis fallback) {
    constexpr Millis kMost = std::chrono::hours(24 * 365);
    const auto given = reader.duration(key).value_or(fallback);
    if (given < least || given > kMost) {
      reader.problem_at(key, fmt::format("must be between {} and {}", format_duration(least),
                                         format_duration(kMost)));
    }
    return given;
  }

  void read_server(const yaml::Value& value, demand::ServerAccess& server) {
    const auto section = as_mapping(value);
    yaml::MapReader reader(section, "server", problems_);
    reader.require("url");
    if (const auto written = reader.text("url")) {
      const auto url = net::server_url(*written);
      if (!url) reader.problem_at("url", url.error().message);
      server.url = url.value_or("");
    }
    server.token_file = token_file(reader, "--personal");
    reader.finish();
  }

  ScaledClass read_class(const std::string& name, const yaml::Value& value,
                         const std::string& server_url) {
    const auto section = as_mapping(value);
    yaml::MapReader reader(section, "resource_classes." + name, problems_);
    ScaledClass scaled;
    auto& policy = scaled.managed.policy;
    scaled.managed.name = name;
    policy.min = reader.integer("min", kInstances).value_or(0);
    reader.require("max");
    policy.max = reader.integer("max", kInstances).value_or(0);
    if (policy.min > policy.max) reader.problem_at("min", "must not be above max");
    policy.boot_timeout =
        duration(reader, "boot_timeout", std::chrono::seconds(1), std::chrono::minutes(1));
    if (const auto* local = reader.require("local")) {
      scaled.agent = read_local(*local, reader.path_of("local"), name);
    }
    scaled.agent.server_url = server_url;
    reader.finish();
    return scaled;
  }

  capacity::AgentSettings read_local(const yaml::Value& value, const std::string& where,
                                     const std::string& resource_class) {
    const auto section = as_mapping(value);
    yaml::MapReader reader(section, where, problems_);
    capacity::AgentSettings agent;
    agent.token_file = token_file(reader, resource_class);
    agent.single_task = reader.choice("mode", {"single-task", "continuous"}).value_or(0) == 0;
    agent.idle_timeout =
        duration(reader, "idle_timeout", std::chrono::seconds(1), agent.idle_timeout);
    agent.max_run_time =
        duration(reader, "max_run_time", std::chrono::seconds(1), agent.max_run_time);
    reader.finish();
    return agent;
  }

  const std::filesystem::path directory_;
  std::vector<NamedTokenFile> token_files_;
  yaml::Problems problems_;
};

// What is wrong with it, or nothing.
std::string problem_of(const NamedTokenFile& named, bool as_root) {
  const auto file = printable(named.file.string(), 1000);
  std::error_code failure;
  const auto kind = std::filesystem::status(named.file, failure).type();
  if (kind == std::filesystem::file_type::not_found) {
    return fmt::format("there is no {0}; create it with: muster token create {1} --output {0}",
                       file, printable(named.owner));
  }
  // It is read again and again, which a pipe cannot be.
  if (!failure && kind != std::filesystem::file_type::regular) return file + " is no regular file";
  const auto token = read_token_file(named.file);
  if (!token) return printable(token.error().message, 1000);
  if (!is_open_to_others(named.file)) return "";
  const auto warning =
      fmt::format("others can read {0}, and it holds a token: run 'chmod 600 {0}'", file);
  if (as_root) return warning;
  log::warn(warning, {{"key", named.key}});
  return "";
}

}  // namespace

std::vector<std::string> ScaleConfig::class_names() const {
  std::vector<std::string> names;
  for (const auto& scaled : classes) names.push_back(scaled.managed.name);
  return names;
}

std::vector<fleet::ManagedClass> ScaleConfig::managed_classes() const {
  std::vector<fleet::ManagedClass> managed;
  for (const auto& scaled : classes) managed.push_back(scaled.managed);
  return managed;
}

std::variant<ScaleConfig, yaml::Problems> parse_scale_config(
    std::string_view text, const std::filesystem::path& directory) {
  const auto document = yaml::parse_located(text);
  if (!document) return yaml::Problems{{document.error().at, "", document.error().message}};
  return ConfigReader(directory).read(*document);
}

yaml::Problems check_token_files(const ScaleConfig& config, bool as_root) {
  yaml::Problems problems;
  for (const auto& named : config.token_files) {
    auto problem = problem_of(named, as_root);
    if (!problem.empty()) yaml::report(problems, {named.at, named.key, std::move(problem)});
  }
  return problems;
}

tl::expected<ScaleConfig, int> load_scale_config(const std::string& file) {
  const auto text = read_file(file, kLongestFile);
  if (!text) return tl::unexpected(report({ErrorKind::invalid, text.error().message}));
  auto read = parse_scale_config(*text, std::filesystem::absolute(file).parent_path());
  auto* problems = std::get_if<yaml::Problems>(&read);
  if (problems != nullptr) return tl::unexpected(report(std::move(*problems), file));
  auto& config = std::get<ScaleConfig>(read);
  auto unfit = check_token_files(config, ::geteuid() == 0);
  if (!unfit.empty()) return tl::unexpected(report(std::move(unfit), file));
  return std::move(config);
}

}  // namespace muster::cli
