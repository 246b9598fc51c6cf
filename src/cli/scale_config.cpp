#include "cli/scale_config.hpp"

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"
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

  Result<ScaleConfig> read(const yaml::Value& document) {
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
    if (!problems_.empty()) return yaml::to_error(std::move(problems_));
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
    server.url = reader.text("url").value_or("");
    if (!server.url.starts_with("http://") && !server.url.starts_with("https://")) {
      reader.problem_at("url", "must start with http:// or https://");
    }
    server.token_file = path(reader, "token_file");
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
      scaled.agent = read_local(*local, reader.path_of("local"));
    }
    scaled.agent.server_url = server_url;
    reader.finish();
    return scaled;
  }

  capacity::AgentSettings read_local(const yaml::Value& value, const std::string& where) {
    const auto section = as_mapping(value);
    yaml::MapReader reader(section, where, problems_);
    capacity::AgentSettings agent;
    agent.token_file = path(reader, "token_file");
    agent.single_task = reader.choice("mode", {"single-task", "continuous"}).value_or(0) == 0;
    agent.idle_timeout =
        duration(reader, "idle_timeout", std::chrono::seconds(1), agent.idle_timeout);
    agent.max_run_time =
        duration(reader, "max_run_time", std::chrono::seconds(1), agent.max_run_time);
    reader.finish();
    return agent;
  }

  const std::filesystem::path directory_;
  yaml::Problems problems_;
};

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

Result<ScaleConfig> parse_scale_config(std::string_view text,
                                       const std::filesystem::path& directory) {
  const auto document = yaml::parse(text);
  if (!document) return document.error();
  return ConfigReader(directory).read(*document);
}

Result<ScaleConfig> read_scale_config(const std::filesystem::path& file) {
  const auto text = read_file(file, kLongestFile);
  if (!text) return Error{ErrorKind::invalid, text.error().message};
  auto config = parse_scale_config(*text, std::filesystem::absolute(file).parent_path());
  if (!config) return config.error().within(file.string());
  return config;
}

}  // namespace muster::cli
