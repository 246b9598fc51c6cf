#include "agent/container.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fmt/core.h>

#include "agent/launcher.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "process/program.hpp"

namespace muster::agent {
namespace {

constexpr Millis kPatience = std::chrono::minutes(2);
constexpr Millis kPullPatience = std::chrono::hours(1);

void take_over(std::map<std::string, std::string>& environment,
               std::initializer_list<const char*> names) {
  for (const auto* name : names) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
}

// None of it reaches a container.
process::Command podman(std::vector<std::string> arguments) {
  process::Command command;
  command.arguments = std::move(arguments);
  command.environment = process::plain_environment();
  command.environment.merge(podman_variables());
  take_over(command.environment,
            {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"});
  if (!command.environment.contains("HOME")) {
    command.environment["HOME"] = process::own_user().home;
  }
  command.directory = "/";
  return command;
}

Result<std::string> say(std::vector<std::string> arguments, Millis timeout,
                        std::stop_token stop = {}) {
  return process::output_of(podman(std::move(arguments)), {.timeout = timeout}, std::move(stop));
}

Result<void> fetch(const std::string& image, std::stop_token stop) {
  const auto has = has_image(image);
  if (!has) return has.error();
  if (*has) return ok();
  log::info("fetching an image", {{"image", image}});
  const auto pulled = say({"podman", "pull", "--quiet", image}, kPullPatience, std::move(stop));
  if (pulled) return ok();
  return podman_refusal("fetch the image " + image, pulled.error());
}

}  // namespace

std::map<std::string, std::string> podman_variables() {
  std::map<std::string, std::string> variables;
  take_over(variables, {"HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
                        "DBUS_SESSION_BUS_ADDRESS", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF",
                        "CONTAINERS_REGISTRIES_CONF", "REGISTRY_AUTH_FILE"});
  return variables;
}

Result<bool> has_image(const std::string& image) {
  // Exit code 1: it is not there.
  const auto listed = say({"podman", "images", "--quiet", image}, kPatience);
  if (!listed) return podman_refusal("run", listed.error());
  return !trim(*listed).empty();
}

Result<std::vector<std::string>> containers_of(const std::string& state) {
  const auto listed = say(list_arguments(state), kPatience);
  if (!listed) return podman_refusal("list its containers", listed.error());
  std::vector<std::string> names;
  for (const auto& line : split(*listed, '\n')) {
    if (!trim(line).empty()) names.emplace_back(trim(line));
  }
  return names;
}

Result<void> remove_container(const std::string& name, Millis patience) {
  const auto removed = say(remove_arguments(name), patience);
  if (!removed) return podman_refusal("remove a container", removed.error());
  return ok();
}

Result<std::unique_ptr<Container>> Container::start(ContainerPlan plan, std::stop_token stop) {
  const auto arguments = run_arguments(plan);
  if (!arguments) return arguments.error();
  if (auto fetched = fetch(plan.image, stop); !fetched) return fetched.error();
  std::unique_ptr<Container> container(new Container(std::move(plan)));
  if (auto locked = container->lock(); !locked) return locked.error();
  const auto ran = say(*arguments, kPatience, std::move(stop));
  if (!ran) return podman_refusal("run a container", ran.error());
  return container;
}

// Nobody else has it: the file is new.
Result<void> Container::lock() {
  const auto path = plan_.commands / kAliveFile;
  alive_.reset(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444));
  if (alive_ && ::fchmod(alive_.get(), 0444) == 0 &&
      ::flock(alive_.get(), LOCK_EX | LOCK_NB) == 0) {
    return ok();
  }
  return system_error(errno, fmt::format("cannot lock {}", path.string()));
}

Container::~Container() {
  [[maybe_unused]] const auto closed = close(kPatience);
}

Result<void> Container::close(Millis patience) {
  if (closed_) return ok();
  auto removed = remove_container(plan_.name, patience);
  closed_ = removed.has_value();
  return removed;
}

// In a directory that is ours alone outside, so that nobody puts a link there.
Result<void> Container::write_script(const JobCommand& command, int number) const {
  const auto path = plan_.commands / std::to_string(number);
  const UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
  if (!file) return system_error(errno, fmt::format("cannot make {}", path.string()));
  if (::geteuid() == 0 && ::fchown(file.get(), plan_.user.uid, plan_.user.gid) != 0) {
    return system_error(errno, fmt::format("cannot hand over {}", path.string()));
  }
  return write_all(file.get(), container_script(command, number));
}

Result<process::Child> Container::start(const JobCommand& command) {
  const int number = ++started_;
  if (auto written = write_script(command, number); !written) return written.error();
  auto started = podman(exec_arguments(plan_.name, number));
  started.ends_with_starter = true;
  started.standard_output = command.output;
  started.standard_error = command.output;
  UniqueFd input;
  if (command.input) {
    input.reset(::open(command.input->c_str(), O_RDONLY | O_CLOEXEC));
    if (!input) return system_error(errno, fmt::format("cannot open {}", command.input->string()));
    started.standard_input = input.get();
  }
  auto child = process::Child::start(started);
  if (child) numbers_[child->pid()] = number;
  return child;
}

// podman does not pass signals on to what it has started so.
void Container::ask_to_end(const process::Child& command) {
  const auto asked = say(ask_arguments(plan_.name, numbers_[command.pid()]), kPatience);
  if (!asked) log::debug("a command was not asked to end", {{"reason", asked.error().message}});
}

Result<int> Container::end_all(Millis patience, const std::vector<pid_t>& spare) {
  std::vector<int> numbers;
  for (const pid_t pid : spare) numbers.push_back(numbers_[pid]);
  const auto ended = say(end_arguments(plan_.name, numbers), patience);
  if (!ended) return podman_refusal("end a step", ended.error());
  return 0;
}

}  // namespace muster::agent
