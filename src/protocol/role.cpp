#include "protocol/role.hpp"

#include <array>
#include <utility>

namespace muster::protocol {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 3> kWords = {{
    {Role::read, "read"},
    {Role::run, "run"},
    {Role::admin, "admin"},
}};

}  // namespace

std::string_view to_string(Role role) {
  return kWords.at(static_cast<std::size_t>(role)).second;
}

std::optional<Role> role_of(std::string_view word) {
  for (const auto& [role, known] : kWords) {
    if (known == word) return role;
  }
  return std::nullopt;
}

}  // namespace muster::protocol
