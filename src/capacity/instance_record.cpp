#include "capacity/instance_record.hpp"

#include <algorithm>
#include <limits>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "yaml/reader.hpp"

namespace muster::capacity {

namespace {

constexpr std::string_view kFileName = "instance.json";
constexpr std::uint64_t kLongestRecord = 16 << 10;
constexpr yaml::Range kAnyPid{1, std::numeric_limits<pid_t>::max()};
constexpr yaml::Range kAnyCount{0, std::numeric_limits<std::int64_t>::max()};

std::string as_json(const process::Identity& identity) {
  return fmt::format(R"({{"pid": {}, "start_ticks": {}, "boot_id": {}}})", identity.pid,
                     identity.start_ticks, json_text(identity.boot_id));
}

// One is no list, as in the records of instances with one slot.
std::string as_json(const std::vector<process::Identity>& processes) {
  if (processes.empty()) return "null";
  if (processes.size() == 1) return as_json(processes.front());
  std::vector<std::string> all;
  for (const auto& identity : processes) all.push_back(as_json(identity));
  return fmt::format("[{}]", join(all, ", "));
}

// JSON is YAML, so that the strict reader serves here too.
process::Identity identity_from(const yaml::Value& value, yaml::Problems& problems) {
  yaml::MapReader reader(value, "process", problems);
  process::Identity identity;
  identity.pid = static_cast<pid_t>(reader.integer("pid", kAnyPid).value_or(0));
  identity.start_ticks =
      static_cast<std::uint64_t>(reader.integer("start_ticks", kAnyCount).value_or(0));
  identity.boot_id = reader.text("boot_id").value_or("");
  reader.finish();
  return identity;
}

std::vector<process::Identity> processes_from(const yaml::Value& value, yaml::Problems& problems) {
  if (value.kind == yaml::Value::Kind::null) return {};
  if (value.kind != yaml::Value::Kind::sequence) return {identity_from(value, problems)};
  std::vector<process::Identity> processes;
  for (const auto& item : value.items) processes.push_back(identity_from(item, problems));
  return processes;
}

}  // namespace

Result<void> write_record(const std::filesystem::path& directory, const InstanceRecord& record) {
  const auto text = fmt::format(
      R"({{"id": {}, "resource_class": {}, "launched_at": {}, "single_task": {}, "draining": {}, )"
      R"("process": {}}})"
      "\n",
      json_text(record.id), json_text(record.resource_class),
      record.launched_at.time_since_epoch().count(), record.single_task, record.draining,
      as_json(record.processes));
  return write_file_atomically(directory / kFileName, text, 0600);
}

Result<InstanceRecord> read_record(const std::filesystem::path& directory) {
  const auto text = read_file(directory / kFileName, kLongestRecord);
  if (!text) return text.error();
  const auto value = yaml::parse(*text);
  if (!value) return value.error().within((directory / kFileName).string());

  yaml::Problems problems;
  yaml::MapReader reader(*value, "", problems);
  InstanceRecord record;
  record.id = reader.text("id").value_or("");
  record.resource_class = reader.text("resource_class").value_or("");
  record.launched_at = WallTime(Millis(reader.integer("launched_at", kAnyCount).value_or(0)));
  record.single_task = reader.boolean("single_task").value_or(true);
  record.draining = reader.boolean("draining").value_or(false);
  if (const auto* process = reader.require("process")) {
    record.processes = processes_from(*process, problems);
  }
  reader.finish();
  if (record.id != directory.filename().string()) {
    reader.problem("it does not belong to this directory");
  }
  if (!problems.empty()) {
    return yaml::to_error(std::move(problems)).within((directory / kFileName).string());
  }
  return record;
}

Result<std::vector<FoundInstance>> find_instances(const std::filesystem::path& instances) {
  std::vector<FoundInstance> found;
  std::error_code failure;
  if (!std::filesystem::exists(instances, failure)) return found;
  for (std::filesystem::directory_iterator it(instances, failure), end; !failure && it != end;
       it.increment(failure)) {
    FoundInstance instance{it->path(), std::nullopt};
    std::error_code unreadable;
    if (std::filesystem::exists(it->path() / kFileName, unreadable) || unreadable) {
      instance.record = read_record(it->path());
    }
    found.push_back(std::move(instance));
  }
  if (failure) return system_error(failure.value(), instances.string());
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.directory < b.directory; });
  return found;
}

bool is_alive(const InstanceRecord& record) {
  return std::ranges::any_of(record.processes, process::is_alive);
}

}  // namespace muster::capacity
