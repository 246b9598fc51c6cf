#pragma once

// An Auto Scaling group as the configuration uses it.

#include <optional>
#include <string>

#include "base/time.hpp"
#include "scaling/decide.hpp"

namespace muster::doctor {

struct GroupUse {
  std::string resource_class;
  std::string group;
  std::string region;  // found, where the configuration leaves it out
  scaling::Policy policy;
  bool suspends_rebalancing = false;  // the scaler does
  std::string token_secret;           // of the class, read by its instances; empty: not told
  bool is_one_of_several = false;     // groups of the class
  bool under_lease = false;
  bool keeps_instances = false;        // some are to be there also while nothing waits
  std::optional<Millis> idle_timeout;  // of its instances; nothing: not told

  // "the group runners in eu-west-1"
  std::string subject() const;
  // A command of the AWS CLI about this group: `verb` and options come before the group's.
  std::string command(const std::string& verb, const std::string& options) const;
};

}  // namespace muster::doctor
