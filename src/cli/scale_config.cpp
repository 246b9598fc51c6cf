#include "cli/scale_config.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "agent/isolation.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/config_values.hpp"
#include "cli/scale_groups.hpp"
#include "cli/scale_memory.hpp"
#include "cli/scale_policy.hpp"
#include "cli/scale_price.hpp"
#include "net/server_url.hpp"
#include "pipeline/names.hpp"
#include "yaml/reader.hpp"

namespace muster::cli {

namespace {

constexpr std::uint64_t kLongestFile = 1 << 20;
constexpr auto kLongestLife = "longest_life";
constexpr Millis kShortestLife = std::chrono::minutes(1);

class ConfigReader {
 public:
  explicit ConfigReader(const std::filesystem::path& directory) : directory_(directory) {}

  std::variant<ScaleConfig, yaml::Problems> read(const yaml::Value& document) {
    ScaleConfig config;
    const auto whole = as_mapping(document);
    yaml::MapReader top(whole, "", problems_);
    config.queue = read_queue(top);
    config.lease = read_lease(top);
    if (!config.lease || top.take("state_directory") != nullptr) {
      config.state_directory = path(top, "state_directory");
    }
    currency_ = read_currency(top, "USD");
    const auto* classes = top.require("resource_classes");
    if (classes != nullptr) {
      if (classes->entries.empty()) {
        top.problem_at("resource_classes", "needs at least one class: namespace/name");
      }
      read_classes(*classes, config);
    }
    refuse_lease_of_local(top, config);
    fit_programs_into_lease(classes, config);
    fit_reading_into_minute(top, config);
    top.finish();
    if (!problems_.empty()) return std::move(problems_);
    config.token_files = std::move(token_files_);
    config.ca_file_at = ca_file_at_;
    config.prices = std::move(prices_);
    return config;
  }

 private:
  void read_classes(const yaml::Value& classes, ScaleConfig& config) {
    for (const auto& [name, at, value] : classes.entries) {
      config.classes.push_back(read_class(name, value, config.queue));
      if (pipeline::is_resource_class(name)) continue;
      problems_.push_back(
          {at, "resource_classes",
           fmt::format("'{}' is not a resource class: write namespace/name, the namespace of "
                       "lower-case letters, digits, _ and -, the name of letters, digits, _, -, : "
                       "and +",
                       printable(name))});
    }
    std::vector<yaml::Position> positions;
    for (const auto& entry : classes.entries) positions.push_back(entry.at);
    refuse_shared_groups(config.classes, positions, problems_);
  }

  std::optional<LeaseSettings> read_lease(yaml::MapReader& top) {
    const auto* value = top.take("lease");
    if (value == nullptr) return std::nullopt;
    const auto section = as_mapping(*value);
    yaml::MapReader reader(section, "lease", problems_);
    LeaseSettings lease;
    reader.require("table");
    lease.table = text(reader, "table");
    lease.region = region_in(reader, "region");
    reader.finish();
    return lease;
  }

  // What one scaler has started as its children another can neither see nor look after.
  static void refuse_lease_of_local(yaml::MapReader& top, const ScaleConfig& config) {
    const bool local = std::ranges::any_of(config.classes, [](const auto& scaled) {
      return std::holds_alternative<capacity::AgentSettings>(scaled.capacity);
    });
    if (local && config.lease) {
      top.problem_at("lease",
                     "is for machines that several scalers can reach, and 'local' "
                     "instances are of one machine: remove one of the two");
    }
  }

  // A call that may outlast the lease would act while another scaler is in charge.
  void fit_programs_into_lease(const yaml::Value* classes, ScaleConfig& config) {
    if (!config.lease || classes == nullptr) return;
    for (std::size_t i = 0; i < config.classes.size(); ++i) {
      auto& [managed, capacity] = config.classes[i];
      auto* command = std::get_if<capacity::CommandSettings>(&capacity);
      if (command == nullptr || command->timeout <= fleet::kLongestAct) continue;
      const auto* section = classes->entries[i].value.find("command");
      const auto* timeout = section == nullptr ? nullptr : section->find("timeout");
      command->timeout = fleet::kLongestAct;
      if (timeout == nullptr) continue;  // the default is what fits
      problems_.push_back({timeout->at, "resource_classes." + managed.name + ".command.timeout",
                           fmt::format("under a lease a call must end within {}: lower it, and let "
                                       "the program return before its machines have started",
                                       format_duration(fleet::kLongestAct))});
    }
  }

  // A slower reading would be too old to decide by when its last class is read; and under a lease
  // it would outlast that, and the function's minute.
  static void fit_reading_into_minute(yaml::MapReader& top, const ScaleConfig& config) {
    constexpr std::int64_t kRequestsOfClass = 3;
    const auto* queue = std::get_if<CircleCiQueue>(&config.queue);
    if (queue == nullptr) return;
    const auto readings_a_minute = config.lease ? 3 : 1;
    const auto least = kRequestsOfClass * std::ssize(config.classes) * readings_a_minute;
    if (queue->requests_per_minute >= least) return;
    top.problem_at("circleci",
                   fmt::format("requests_per_minute is {}, and must be at least {} for this many "
                               "classes ({}{}): raise it, or give some to another scaler",
                               queue->requests_per_minute, least, std::ssize(config.classes),
                               config.lease ? ", under a lease" : ""));
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

  static Millis duration(yaml::MapReader& reader, std::string_view key, Millis least,
                         Millis fallback) {
    return bounded_duration(reader, key, least).value_or(fallback);
  }

  // The one of `keys` that is there; none, or several, are a problem.
  static std::string_view one_of(yaml::MapReader& reader, std::string_view what,
                                 const std::vector<std::string_view>& keys) {
    std::string_view found;
    for (const auto key : keys) {
      if (reader.take(key) == nullptr) continue;
      if (!found.empty()) {
        reader.problem_at(key, fmt::format("is {} as well as '{}': keep one of them", what, found));
      }
      found = key;
    }
    if (found.empty()) {
      const std::vector<std::string> names(keys.begin(), keys.end());
      reader.problem(fmt::format("{} is missing: one of {}", what, join(names, ", ")));
    }
    return found;
  }

  ScaleConfig::Queue read_queue(yaml::MapReader& top) {
    const auto kind = one_of(top, "the queue", {"server", "circleci", "command"});
    if (kind == "circleci") return read_circleci(*top.take(kind));
    if (kind == "command") return read_queue_command(*top.take(kind));
    if (kind == "server") return read_server(*top.take(kind));
    return {};
  }

  // `read` is one of the two readings of an address.
  static std::string url(yaml::MapReader& reader, std::string fallback,
                         Result<std::string> (*read)(std::string_view)) {
    const auto written = reader.text("url");
    if (!written) return fallback;
    const auto url = read(*written);
    if (!url) reader.problem_at("url", url.error().message);
    return url.value_or("");
  }

  demand::ServerAccess read_server(const yaml::Value& value) {
    const auto section = as_mapping(value);
    yaml::MapReader reader(section, "server", problems_);
    demand::ServerAccess server;
    reader.require("url");
    server.url = url(reader, "", net::server_url);
    server.token_file = token_file(reader, "--personal");
    server.authorities.setting = "server.ca_file";
    if (const auto* named = reader.take("ca_file")) {
      server.authorities.file = path(reader, "ca_file");
      ca_file_at_ = named->at;
    }
    reader.finish();
    return server;
  }

  CircleCiQueue read_circleci(const yaml::Value& value) {
    constexpr yaml::Range kRequests{1, 60'000};
    constexpr yaml::Range kConcurrency{1, 100'000};
    const auto section = as_mapping(value);
    yaml::MapReader reader(section, "circleci", problems_);
    CircleCiQueue queue;
    queue.url = url(reader, "https://runner.circleci.com", net::private_server_url);
    read_circleci_token(reader, queue);
    queue.poll_interval = poll_interval(reader);
    queue.requests_per_minute = reader.integer("requests_per_minute", kRequests).value_or(600);
    queue.concurrency_limit = reader.integer("concurrency_limit", kConcurrency);
    reader.finish();
    return queue;
  }

  void read_circleci_token(yaml::MapReader& reader, CircleCiQueue& queue) {
    const auto kind = one_of(reader, "the token",
                             {"token_file", "token_variable", "token_secret", "token_parameter"});
    if (kind == "token_file") queue.token = token_file(reader, "");
    if (kind == "token_variable")
      queue.token = CircleCiQueue::Variable{text(reader, kind), reader.take(kind)->at};
    if (kind != "token_secret" && kind != "token_parameter") return;
    using Keeper = demand::AwsToken::Keeper;
    queue.token = demand::AwsToken{
        .keeper = kind == "token_secret" ? Keeper::secrets_manager : Keeper::parameter_store,
        .name = text(reader, kind),
        .region = region_in(reader, "token_region"),
        .field = reader.text("token_field").value_or("")};
  }

  std::string text(yaml::MapReader& reader, std::string_view key) {
    const auto given = reader.text(key);
    if (given && given->empty()) reader.problem_at(key, "is empty");
    return given.value_or("");
  }

  demand::CommandQueueSettings read_queue_command(const yaml::Value& value) {
    const auto section = as_mapping(value);
    yaml::MapReader reader(section, "command", problems_);
    demand::CommandQueueSettings queue;
    queue.program = program(reader);
    queue.poll_interval = poll_interval(reader);
    queue.timeout = duration(reader, "timeout", std::chrono::seconds(1), queue.timeout);
    reader.finish();
    return queue;
  }

  Millis poll_interval(yaml::MapReader& reader) {
    return duration(reader, "poll_interval", std::chrono::seconds(1), std::chrono::seconds(5));
  }

  // A program that is named by a relative path lies beside the file, as all files do.
  std::vector<std::string> program(yaml::MapReader& reader) {
    constexpr auto kKey = "program";
    if (reader.require(kKey) == nullptr) return {};
    auto words = reader.texts(kKey);
    if (words.empty() || words.front().empty()) {
      reader.problem_at(kKey, "is a list: the program, then its first arguments");
      return {};
    }
    auto& name = words.front();
    if (name.find('/') != std::string::npos) {
      name = std::filesystem::absolute(directory_ / name).lexically_normal();
    }
    return words;
  }

  ScaledClass read_class(const std::string& name, const yaml::Value& value,
                         const ScaleConfig::Queue& queue) {
    const auto section = as_mapping(value);
    yaml::MapReader reader(section, "resource_classes." + name, problems_);
    ScaledClass scaled;
    auto& policy = scaled.managed.policy;
    scaled.managed.name = name;
    policy = read_policy(reader);
    read_foresight(reader, queue, policy);
    scaled.managed.schedules = read_schedules(reader, policy);
    const auto kind =
        one_of(reader, "where its instances come from", {"local", "command", "auto_scaling_group"});
    const bool local = kind == "local";
    settle_scale_in(reader, kind, scaled.managed);
    if (local) scaled.capacity = read_local(reader, name, queue, policy);
    if (kind == "command") scaled.capacity = read_command(reader, policy);
    if (kind == "auto_scaling_group") {
      scaled.capacity = read_class_groups(reader, scaled.managed);
    }
    settle_reuse(reader, scaled.capacity, policy);
    refuse_slots_of_single_task(reader, scaled.capacity, policy);
    policy.boot_timeout = duration(reader, "boot_timeout", std::chrono::seconds(1),
                                   std::chrono::minutes(local ? 1 : 5));
    refuse_life_without_boot(reader, kind, policy);
    if (auto price = read_price(reader, currency_)) prices_.emplace(name, *std::move(price));
    reader.finish();
    return scaled;
  }

  static void read_foresight(yaml::MapReader& reader, const ScaleConfig::Queue& queue,
                             scaling::Policy& policy) {
    constexpr auto kKey = "foresight";
    if (std::holds_alternative<demand::ServerAccess>(queue)) {
      policy.foresight = reader.boolean(kKey).value_or(false);
    } else if (reader.take(kKey) != nullptr) {
      reader.problem_at(kKey,
                        "is for the queue of a 'server', as no other one tells which tasks are "
                        "blocked: remove it");
    }
  }

  // Who ends idle ones: the scaler, where instances are kept that must not end by themselves, or a
  // runner does not know whether the others of its instance are idle, and where they can be asked.
  static void settle_scale_in(yaml::MapReader& reader, std::string_view kind,
                              fleet::ManagedClass& managed) {
    auto& policy = managed.policy;
    if (kind == "auto_scaling_group") {
      policy.scale_in_delay.reset();
      for (const auto* key : {"scale_in_delay", "scale_in_rate"}) {
        if (reader.take(key) == nullptr) continue;
        reader.problem_at(key,
                          "is for instances that can be asked to end, and those of a group end by "
                          "their own idle time-out: remove it");
      }
    } else if (!policy.scale_in_delay) {
      const bool kept = kind == "local" ? keeps_any(managed) : keeps_free(managed);
      if (policy.foresight || policy.slots > 1 || kept) {
        policy.scale_in_delay = std::chrono::minutes(1);
      }
    }
  }

  // The end of a single-task instance's task frees nobody.
  static void settle_reuse(yaml::MapReader& reader, const ClassCapacity& capacity,
                           scaling::Policy& policy) {
    constexpr auto kKey = "soon_free";
    const bool single_task = std::visit([](const auto& it) { return it.single_task; }, capacity);
    policy.reuses = !single_task;
    if (single_task && reader.take(kKey) != nullptr) {
      reader.problem_at(kKey,
                        "is for 'mode: continuous', as a single-task instance is never free "
                        "again: remove it");
    } else {
      policy.soon_free = !single_task && reader.boolean(kKey).value_or(true);
    }
  }

  // Its runners could not end after one task each, and the instance after one task of all.
  static void refuse_slots_of_single_task(yaml::MapReader& reader, const ClassCapacity& capacity,
                                          const scaling::Policy& policy) {
    const bool single_task = std::visit([](const auto& it) { return it.single_task; }, capacity);
    if (!single_task || policy.slots <= 1) return;
    reader.problem_at("slots",
                      "are for 'mode: continuous', as a single-task instance runs one task and "
                      "ends: set the mode, or remove it");
  }

  capacity::AgentSettings read_local(yaml::MapReader& parent, const std::string& resource_class,
                                     const ScaleConfig::Queue& queue,
                                     const scaling::Policy& policy) {
    // Where the scaler asks idle ones to end, the time-out is for when it is gone.
    constexpr Millis kWithoutScaler = std::chrono::hours(1);
    const auto section = as_mapping(*parent.take("local"));
    yaml::MapReader reader(section, parent.path_of("local"), problems_);
    capacity::AgentSettings agent;
    const auto* server = std::get_if<demand::ServerAccess>(&queue);
    if (server == nullptr) {
      parent.problem_at("local",
                        "runs 'muster agent', which claims from a Muster server: it needs "
                        "the queue of a 'server'");
    }
    agent.server_url = server == nullptr ? "" : server->url;
    if (server != nullptr) agent.ca_file = server->authorities.file;
    agent.token_file = token_file(reader, resource_class);
    agent.single_task = single_task(reader);
    agent.slots = policy.slots;
    agent.idle_timeout = duration(reader, "idle_timeout", std::chrono::seconds(1),
                                  policy.scale_in_delay ? kWithoutScaler : agent.idle_timeout);
    agent.max_run_time =
        duration(reader, "max_run_time", std::chrono::seconds(1), agent.max_run_time);
    read_reuse(reader, agent);
    const auto isolation = agent::read_isolation(reader);
    agent.isolation = {agent::word_of(isolation.kind), isolation.network ? "shared" : "none",
                       isolation.image, isolation.hidden};
    reader.finish();
    return agent;
  }

  static void read_reuse(yaml::MapReader& reader, capacity::AgentSettings& agent) {
    constexpr yaml::Range kTasks{1, 1'000'000};
    agent.idle_after_task = bounded_duration(reader, "idle_after_task", Millis(0));
    agent.recycling.after = bounded_duration(reader, "recycle_after", std::chrono::seconds(1));
    agent.recycling.after_tasks = reader.integer("recycle_after_tasks", kTasks);
    for (const auto* key : {"idle_after_task", "recycle_after", "recycle_after_tasks"}) {
      if (!agent.single_task || reader.take(key) == nullptr) continue;
      reader.problem_at(key,
                        "is for 'mode: continuous', as a single-task instance ends after its task: "
                        "remove it");
    }
  }

  capacity::CommandSettings read_command(yaml::MapReader& parent, scaling::Policy& policy) {
    const auto section = as_mapping(*parent.take("command"));
    yaml::MapReader reader(section, parent.path_of("command"), problems_);
    capacity::CommandSettings command;
    command.program = program(reader);
    command.timeout = duration(reader, "timeout", std::chrono::seconds(1), command.timeout);
    command.single_task = single_task(reader);
    policy.reaps = true;
    if (reader.take(kLongestLife) != nullptr) {
      policy.longest_life = duration(reader, kLongestLife, kShortestLife, Millis(0));
      refuse_life_of_continuous(reader, command.single_task);
    }
    reader.finish();
    return command;
  }

  capacity::ClassGroups read_class_groups(yaml::MapReader& parent, fleet::ManagedClass& managed) {
    auto& policy = managed.policy;
    const auto section = as_mapping(*parent.take("auto_scaling_group"));
    yaml::MapReader reader(section, parent.path_of("auto_scaling_group"), problems_);
    auto groups = read_groups(reader, managed, scaling::highest_max(policy, managed.schedules));
    policy.reaps = true;
    policy.drains = false;
    if (groups.single_task) {
      policy.longest_life =
          duration(reader, kLongestLife, kShortestLife, std::chrono::minutes(330));
    } else if (reader.take(kLongestLife) != nullptr) {
      refuse_life_of_continuous(reader, groups.single_task);
    }
    reader.finish();
    return groups;
  }

  static void refuse_life_of_continuous(yaml::MapReader& reader, bool single_task) {
    if (single_task) return;
    reader.problem_at(kLongestLife,
                      "is for single-task instances, as a continuous one has no longest life: "
                      "remove it");
  }

  // One that boots slowly would be ended before it could connect. A life that is no duration, or no
  // sensible one, is told already.
  void refuse_life_without_boot(yaml::MapReader& reader, std::string_view kind,
                                const scaling::Policy& policy) {
    const auto life = policy.longest_life.value_or(policy.boot_timeout);
    if (life >= policy.boot_timeout || life < kShortestLife) return;
    const auto path = fmt::format("{}.{}", reader.path_of(kind), kLongestLife);
    if (const auto* given = reader.take(kind)->find(kLongestLife)) {
      problems_.push_back(
          {given->at, path,
           fmt::format("is shorter than boot_timeout, {}: raise it to what booting and the longest "
                       "task take together, or lower boot_timeout",
                       format_duration(policy.boot_timeout))});
    } else {
      reader.problem_at("boot_timeout",
                        fmt::format("is longer than {}.longest_life, which is {} unless it is set: "
                                    "lower it, or set longest_life",
                                    kind, format_duration(life)));
    }
  }

  static bool single_task(yaml::MapReader& reader) {
    return reader.choice("mode", {"single-task", "continuous"}).value_or(0) == 0;
  }

  const std::filesystem::path directory_;
  std::vector<NamedTokenFile> token_files_;
  std::string currency_;  // of the classes that say none
  fleet::Prices prices_;
  yaml::Position ca_file_at_;
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
  for (const auto& scaled : classes) {
    managed.push_back(scaled.managed);
    managed.back().places = lease_keys(scaled, "");
  }
  return managed;
}

std::optional<std::int64_t> ScaleConfig::plan_limit() const {
  const auto* circleci = std::get_if<CircleCiQueue>(&queue);
  return circleci == nullptr ? std::nullopt : circleci->concurrency_limit;
}

std::variant<ScaleConfig, yaml::Problems> parse_scale_config(
    std::string_view text, const std::filesystem::path& directory) {
  const auto document = yaml::parse_located(text);
  if (!document) return yaml::Problems{{document.error().at, "", document.error().message}};
  return ConfigReader(directory).read(*document);
}

std::variant<ScaleConfig, yaml::Problems> read_scale_config(
    std::string_view text, const std::filesystem::path& directory) {
  auto read = parse_scale_config(text, directory);
  const auto* config = std::get_if<ScaleConfig>(&read);
  if (config == nullptr) return read;
  auto unfit = check_tokens(*config, ::geteuid() == 0);
  if (!unfit.empty()) return unfit;
  return read;
}

namespace {

template <class Read>
tl::expected<ScaleConfig, int> load(const std::string& file, Read read) {
  const auto text = read_file(file, kLongestFile);
  if (!text) return tl::unexpected(report({ErrorKind::invalid, text.error().message}));
  const auto path = std::filesystem::absolute(file);
  std::variant<ScaleConfig, yaml::Problems> config = read(*text, path.parent_path());
  auto* problems = std::get_if<yaml::Problems>(&config);
  if (problems != nullptr) return tl::unexpected(report(std::move(*problems), file));
  std::get<ScaleConfig>(config).file = path;
  return std::move(std::get<ScaleConfig>(config));
}

}  // namespace

tl::expected<ScaleConfig, int> load_scale_config(const std::string& file) {
  return load(file, read_scale_config);
}

tl::expected<ScaleConfig, int> load_without_tokens(const std::string& file) {
  return load(file, parse_scale_config);
}

}  // namespace muster::cli
