// `muster instance`: what an instance of an Auto Scaling group does for itself. The work is in
// src/instance; here are its files, its signals and its exit codes.

#include <signal.h>

#include <filesystem>
#include <thread>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "instance/configure.hpp"
#include "instance/image.hpp"
#include "instance/release.hpp"
#include "instance/service_end.hpp"
#include "instance/watch.hpp"
#include "process/child.hpp"
#include "process/supervisor.hpp"

namespace muster::cli {

namespace {

constexpr std::uint64_t kLongestFile = 1 << 20;
constexpr int kNotByItsGroup = 1;

int configure(const InstanceOptions& options) {
  const Interrupt interrupt;
  const auto text = read_file(options.config_file, kLongestFile);
  if (!text) return report(text.error());
  auto read = instance::read_config(*text);
  if (auto* problems = std::get_if<yaml::Problems>(&read)) {
    return report(std::move(*problems), options.config_file);
  }
  instance::Self self;
  const auto done = instance::configure(
      std::get<instance::Config>(read),
      {.output = options.output, .environment = options.environment, .patience = options.patience},
      self, interrupt.token());
  if (!done && interrupt.requested()) return kInterrupted;
  return done ? 0 : report(done.error());
}

// A configuration that is wrong must not keep the instance alive: it is why the boot has failed.
std::string log_group_in(const std::string& file) {
  const auto text = read_file(file, kLongestFile);
  if (!text) {
    log::warn("the reason is recorded here only", {{"error", text.error().message}});
    return "";
  }
  auto read = instance::read_config(*text);
  if (auto* problems = std::get_if<yaml::Problems>(&read)) {
    log::warn("the reason is recorded here only",
              {{"error", problems->front().describe_in(printable(file))}});
    return "";
  }
  return std::get<instance::Config>(read).log_group;
}

std::string reason_of(const InstanceOptions& options) {
  if (!options.reason.empty()) return options.reason;
  return instance::why_service_ended(aws::process_environment()).value_or("no reason was given");
}

int release(const InstanceOptions& options) {
  process::SignalWatch signals{SIGTERM};
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(options.config_file, ignored))) {
    return report({ErrorKind::invalid,
                   fmt::format("there is no {0}, so this machine is none that looks after itself, "
                               "and nothing is ended; on one that is, write {0}",
                               printable(options.config_file, 1000))});
  }
  std::stop_source hurry;
  const std::jthread watcher([&](const std::stop_token& over) {
    if (!signals.wait(over)) return;
    log::warn("asked to end: the group is asked once more, then the machine shuts down");
    hurry.request_stop();
  });
  instance::Self self;
  if (!options.unless_new.empty() &&
      instance::is_of_an_image(options.unless_new, self, options.patience, hurry.get_token())) {
    return 0;
  }
  const auto released = instance::release({.reason = reason_of(options),
                                           .log_group = log_group_in(options.config_file),
                                           .shutdown = options.shutdown,
                                           .patience = options.patience},
                                          self, hurry.get_token());
  if (!released) return report_obstacle(released.error());
  return *released == instance::Released::by_group ? 0 : kNotByItsGroup;
}

int watch(const InstanceOptions& options) {
  const Interrupt interrupt;
  const auto environment = aws::process_environment();
  if (aws::is_true(environment("AWS_EC2_METADATA_DISABLED"))) {
    return report({ErrorKind::invalid,
                   "AWS_EC2_METADATA_DISABLED is true, so that no notice would ever be seen: unset "
                   "it"});
  }
  net::HttpClient http;
  aws::InstanceMetadata metadata(environment, http);
  log::info("watching for notices", {{"every", format_duration(options.interval)}});
  process::tell_supervisor("READY=1");
  instance::Watch(metadata, options.command, options.interval).run(interrupt.token());
  process::tell_supervisor("STOPPING=1");
  return 0;
}

}  // namespace

int run(const InstanceOptions& options) {
  switch (options.action) {
    case InstanceOptions::Action::configure:
      return configure(options);
    case InstanceOptions::Action::release:
      return release(options);
    case InstanceOptions::Action::watch:
      return watch(options);
  }
  return report({ErrorKind::internal, "an action of muster instance that is none"});
}

}  // namespace muster::cli
