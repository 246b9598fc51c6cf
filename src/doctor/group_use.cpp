#include "doctor/group_use.hpp"

#include <fmt/core.h>

#include "base/shell_word.hpp"

namespace muster::doctor {

std::string GroupUse::subject() const {
  return fmt::format("the group {} in {}", group, region);
}

std::string GroupUse::command(const std::string& verb, const std::string& options) const {
  return fmt::format("aws autoscaling {} --region {} --auto-scaling-group-name {} {}", verb,
                     shell_word(region), shell_word(group), options);
}

}  // namespace muster::doctor
