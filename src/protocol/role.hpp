#pragma once

// What the owner of a personal token may do.

#include <optional>
#include <string_view>

namespace muster::protocol {

// Each may all that those before it may.
enum class Role {
  read,   // look at everything
  run,    // submit and cancel, and report a fleet
  admin,  // classes, tokens, the audit log
};

constexpr bool may(Role has, Role needed) {
  return has >= needed;
}

std::string_view to_string(Role role);
std::optional<Role> role_of(std::string_view word);

}  // namespace muster::protocol
