#include "agent/bubblewrap.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::agent {
namespace {

namespace fs = std::filesystem;

// Where Debian, its relatives and others have programs and what these read. /var, /run, /srv, /mnt
// and homes are of the machine's services and people.
constexpr std::array kSystem = {"/usr",    "/bin", "/sbin", "/lib", "/lib32", "/lib64",
                                "/libx32", "/etc", "/opt",  "/nix", "/gnu",   "/snap"};
// How many processors there are, by which programs choose how much they do at once.
constexpr const char* kProcessors = "/sys/devices/system/cpu";

bool is_below(const fs::path& path, const fs::path& directory) {
  return (path.string() + "/").starts_with(directory.string() + "/");
}

bool is_seen(const fs::path& path, const System& system) {
  return std::any_of(system.entries.begin(), system.entries.end(), [&](const auto& entry) {
    return entry.link.empty() && is_below(path, entry.path);
  });
}

class Arguments {
 public:
  void add(std::initializer_list<std::string> words) { words_.insert(words_.end(), words); }

  void add_system(const System& system) {
    for (const auto& [path, link] : system.entries) {
      if (link.empty()) {
        add({"--ro-bind", path, path});
      } else {
        add({"--symlink", link, path});
      }
    }
    add({"--ro-bind-try", kProcessors, kProcessors});
  }

  // What the job writes over a directory goes with its sandbox.
  void hide(const Hidden& hidden) {
    if (hidden.directory) {
      add({"--tmpfs", hidden.path});
    } else {
      add({"--ro-bind", "/dev/null", hidden.path});
    }
  }

  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

struct Cure {
  std::string_view said;
  std::string_view cure;
};

constexpr std::string_view kNoNamespaces =
    "this machine lets nobody but root make user namespaces. Allow it: sysctl "
    "kernel.unprivileged_userns_clone=1 (Debian), user.max_user_namespaces=10000, or "
    "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu); in a container, start that with "
    "more rights";

constexpr std::array kCures = {
    Cure{"No permissions to create new namespace", kNoNamespaces},
    Cure{"max_*_namespaces exceeded", kNoNamespaces},
    Cure{"Creating new namespace failed", kNoNamespaces},
    Cure{"setting up uid map", kNoNamespaces},
    Cure{"Failed RTM_NEWADDR", kNoNamespaces},
    Cure{"mount proc",
         "parts of /proc are covered where the agent runs. In its systemd unit set "
         "ProtectKernelTunables=no, ProtectKernelLogs=no and ProtectControlGroups=no; in a "
         "container, uncover /proc (podman: --security-opt unmask=ALL)"},
    Cure{"Can't find source path",
         "the jobs' user must be able to enter the directories above it: chmod o+x them, or move "
         "it to where the user can read it"},
    Cure{"Unknown option", "this bubblewrap is too old: 0.8 or newer is needed"},
    Cure{"cannot run bwrap", "install it: apt-get install bubblewrap"},
};

}  // namespace

System look_at_system() {
  System system;
  std::error_code failure;
  for (const fs::path path : kSystem) {
    if (fs::is_symlink(path, failure)) {
      system.entries.push_back({path, fs::read_symlink(path, failure)});
    } else if (fs::is_directory(path, failure)) {
      system.entries.push_back({path, {}});
    }
  }
  const auto resolver = fs::canonical("/etc/resolv.conf", failure);
  if (!failure && !is_seen(resolver, system)) system.resolver = resolver;
  return system;
}

std::vector<std::string> bubblewrap_arguments(const SandboxPlan& plan) {
  Arguments arguments;
  arguments.add({"bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
                 "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--cap-drop",
                 "ALL"});
  if (!plan.network) arguments.add({"--unshare-net"});
  arguments.add_system(plan.system);
  if (plan.network && plan.system.resolver) {
    arguments.add({"--ro-bind-try", *plan.system.resolver, *plan.system.resolver});
  }
  for (const auto& hidden : plan.hidden) {
    if (is_seen(hidden.path, plan.system)) arguments.hide(hidden);
  }
  arguments.add({"--proc", "/proc", "--dev", "/dev", "--dir", "/var", "--dir", "/run"});
  arguments.add({"--bind", plan.temporary, "/tmp", "--symlink", "../tmp", "/var/tmp"});
  for (const auto& path : plan.writable) arguments.add({"--bind", path, path});
  arguments.add({"--ro-bind", plan.executable, plan.executable});
  // Last: until then mount points may have to be made in it.
  arguments.add({"--remount-ro", "/", "--chdir", "/", "--"});
  return arguments.take();
}

Error bubblewrap_refusal(const Error& why) {
  auto message = fmt::format("isolation: bubblewrap does not work here: {}",
                             printable(trim(why.message), 500));
  for (const auto& [said, cure] : kCures) {
    if (why.message.find(said) == std::string::npos) continue;
    message += fmt::format(": {}", cure);
    break;
  }
  return {ErrorKind::invalid, message + ". Or run jobs without it: isolation: none"};
}

}  // namespace muster::agent
