#include "cli/scale_policy.hpp"

namespace muster::cli {

namespace {

constexpr yaml::Range kInstances{0, 1000};

}  // namespace

scaling::Policy read_policy(yaml::MapReader& reader) {
  scaling::Policy policy;
  policy.min = reader.integer("min", kInstances).value_or(0);
  reader.require("max");
  policy.max = reader.integer("max", kInstances).value_or(0);
  if (policy.min > policy.max) reader.problem_at("min", "must not be above max");
  policy.headroom = reader.integer("headroom", kInstances).value_or(0);
  return policy;
}

}  // namespace muster::cli
