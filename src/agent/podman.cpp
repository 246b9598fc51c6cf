#include "agent/podman.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "agent/launcher.hpp"
#include "base/crypto.hpp"
#include "base/text.hpp"

namespace muster::agent {
namespace {

constexpr const char* kStateLabel = "muster.state";
constexpr std::string_view kNamePrefix = "muster-";
constexpr std::size_t kNameBytes = 4;

// Until nobody holds the lock any more: then the agent is gone, and all in the container shall be.
// In an image without flock(1) it is ended by the next agent only.
constexpr const char* kWait = R"sh(trap 'exit 0' TERM
flock /run/muster/alive true 2> /dev/null & wait $! && exit 0
while :; do sleep 3600 & wait $!; done
)sh";

// 3: what was standard output; 4: standard input. So a process that is left running holds the pipe
// itself, and podman does not wait for it.
constexpr const char* kPassDescriptors = R"(exec "$@" 3>&1 4<&0 </dev/null)";
constexpr const char* kTakeDescriptors = "exec 1>&3 2>&3 0<&4 3>&- 4<&-\n";

// The arguments are the files of sessions to spare. What forks faster than it is ended is not
// waited for: it ends with the container.
constexpr const char* kEnd = R"sh(spared=" 1 $$ "
for file in "$@"; do if read -r session < "$file"; then spared="$spared$session "; fi; done
tries=0
while [ $tries -lt 200 ]; do
  tries=$((tries + 1))
  left=
  for entry in /proc/[0-9]*; do
    { read -r stat < "$entry/stat"; } 2> /dev/null || continue
    set -- ${stat##*) }
    case "$spared" in *" ${4-} "*) continue ;; esac
    [ "${1-}" = Z ] && continue
    left=1
    kill -KILL "${entry#/proc/}" 2> /dev/null
  done
  [ -n "$left" ] || exit 0
done
echo "processes of the job could not be ended"
exit 1
)sh";

constexpr const char* kAsk = R"(if read -r session < "$1"; then kill -TERM -- "-$session"; fi)";

std::string quoted(const std::string& text) {
  std::string shell = "'";
  for (const char letter : text) {
    if (letter == '\'') {
      shell += "'\\''";
    } else {
      shell += letter;
    }
  }
  return shell + "'";
}

// A shell exports no others.
bool is_shell_name(const std::string& name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), [](char letter) {
           return letter == '_' || std::isalnum(static_cast<unsigned char>(letter)) != 0;
         });
}

Result<std::string> mount_of(const std::filesystem::path& source, const std::string& destination,
                             bool read_only = false) {
  for (const auto& path : {source.string(), destination}) {
    if (path.find_first_of(",\"\n") == std::string::npos) continue;
    return Error{ErrorKind::invalid,
                 fmt::format("isolation: podman mounts no path with a comma or a quote: {}; set "
                             "another working_directory or state",
                             printable(path, 500))};
  }
  return fmt::format("type=bind,source={},destination={}{}", source.string(), destination,
                     read_only ? ",ro=true" : "");
}

struct Cure {
  std::string_view said;
  std::string_view cure;
};

constexpr std::string_view kLowerLimits =
    "the machine lets nobody raise limits so far: write lower ones, as default_ulimits = "
    "[\"nofile=1024:1024\", \"nproc=1024:1024\"] below [containers], into a file that "
    "CONTAINERS_CONF "
    "names, or let it";
constexpr std::size_t kLongestSaid = 1000;

constexpr std::array kCures = {
    Cure{"cannot run podman", "install it: apt-get install podman"},
    Cure{"subuid",
         "give the agent's user a range of ids: usermod --add-subuids 100000-165535 "
         "--add-subgids 100000-165535 USER, or start the agent as root"},
    Cure{"newuidmap", "install it: apt-get install uidmap"},
    Cure{"error setting rlimit", kLowerLimits},
    Cure{"setrlimit", kLowerLimits},
    Cure{"unauthorized", "log in to the registry as the agent's user: podman login"},
    Cure{"manifest unknown", "is the name of the image right?"},
    Cure{"short-name", "write the registry as well: docker.io/library/NAME:TAG"},
    Cure{"/bin/sh", "the image needs a /bin/sh and a sleep, as any that runs steps"},
    Cure{"timed out", "is the registry reached from here? Try: podman pull IMAGE"},
};

}  // namespace

std::string container_name(const std::string& task_id) {
  return fmt::format("{}{}-{}", kNamePrefix, task_id, random_hex(kNameBytes));
}

std::string task_of_container(const std::string& name) {
  const auto suffix = 1 + 2 * kNameBytes;
  if (!name.starts_with(kNamePrefix) || name.size() <= kNamePrefix.size() + suffix) return "";
  return name.substr(kNamePrefix.size(), name.size() - kNamePrefix.size() - suffix);
}

Result<std::vector<std::string>> run_arguments(const ContainerPlan& plan) {
  std::vector<std::string> arguments = {"podman",
                                        "run",
                                        "--detach",
                                        "--rm",
                                        "--pull",
                                        "never",
                                        "--name",
                                        plan.name,
                                        "--label",
                                        fmt::format("{}={}", kStateLabel, plan.state),
                                        "--network",
                                        plan.network ? "host" : "none",
                                        "--user",
                                        fmt::format("{}:{}", plan.user.uid, plan.user.gid),
                                        "--cap-drop",
                                        "all",
                                        "--security-opt",
                                        "no-new-privileges",
                                        "--http-proxy=false",
                                        "--log-driver",
                                        "none",
                                        "--workdir",
                                        "/",
                                        "--entrypoint",
                                        "/bin/sh"};
  if (!plan.as_root) arguments.insert(arguments.end(), {"--userns", "keep-id"});
  std::vector<Result<std::string>> mounts = {mount_of(plan.commands, kCommandsInContainer, true),
                                             mount_of(plan.temporary, "/tmp")};
  for (const auto& path : plan.writable) mounts.push_back(mount_of(path, path.string()));
  for (auto& mount : mounts) {
    if (!mount) return mount.error();
    arguments.insert(arguments.end(), {"--mount", std::move(*mount)});
  }
  arguments.insert(arguments.end(), {plan.image, "-c", kWait});
  return arguments;
}

std::vector<std::string> exec_arguments(const std::string& name, int number) {
  return {"/bin/sh",
          "-c",
          kPassDescriptors,
          "podman",
          "podman",
          "exec",
          "--preserve-fds",
          "2",
          name,
          "/bin/sh",
          fmt::format("{}/{}", kCommandsInContainer, number)};
}

std::vector<std::string> end_arguments(const std::string& name, const std::vector<int>& spare) {
  std::vector<std::string> arguments = {"podman", "exec", name, "/bin/sh", "-c", kEnd, "end"};
  for (const int number : spare) arguments.push_back(session_file(number));
  return arguments;
}

std::vector<std::string> ask_arguments(const std::string& name, int number) {
  return {"podman", "exec", name, "/bin/sh", "-c", kAsk, "ask", session_file(number)};
}

std::vector<std::string> remove_arguments(const std::string& name) {
  return {"podman", "rm", "--force", "--ignore", "--time", "0", name};
}

std::vector<std::string> list_arguments(const std::string& state) {
  return {
      "podman",   "ps",        "--all", "--filter", fmt::format("label={}={}", kStateLabel, state),
      "--format", "{{.Names}}"};
}

std::string session_file(int number) {
  return fmt::format("/tmp/.muster-session-{}", number);
}

std::string container_script(const JobCommand& command, int number) {
  std::string script = kTakeDescriptors;
  script += fmt::format("echo $$ > {}\n", session_file(number));
  for (const auto& [name, value] : command.environment) {
    if (is_shell_name(name)) script += fmt::format("export {}={}\n", name, quoted(value));
  }
  script += fmt::format("cd {} || exit 126\nexec", quoted(command.directory));
  for (const auto& argument : command.arguments) script += " " + quoted(argument);
  return script + "\n";
}

Error podman_refusal(const std::string& what, const Error& why) {
  auto message = fmt::format("isolation: podman cannot {}: {}", what,
                             printable(trim(why.message), kLongestSaid));
  for (const auto& [said, cure] : kCures) {
    if (why.message.find(said) == std::string::npos) continue;
    message += fmt::format(": {}", cure);
    break;
  }
  return {ErrorKind::invalid, std::move(message)};
}

}  // namespace muster::agent
