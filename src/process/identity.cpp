#include <cerrno>

#include "base/text.hpp"
#include "process/child.hpp"
#include "process/table.hpp"

namespace muster::process {
namespace {

const std::string& boot_id() {
  static const std::string id = [] {
    const auto text = read_file("/proc/sys/kernel/random/boot_id", 100);
    return text ? std::string(trim(*text)) : std::string();
  }();
  return id;
}

}  // namespace

std::optional<Identity> identify(pid_t pid) {
  const auto entry = read_entry(pid);
  if (!entry || entry->zombie) return std::nullopt;
  return Identity{pid, entry->start_ticks, boot_id()};
}

bool is_alive(const Identity& identity) {
  return identify(identity.pid) == identity;
}

}  // namespace muster::process
