#include "cli/scale_groups.hpp"

#include <map>
#include <utility>

#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/config_values.hpp"

namespace muster::cli {

namespace {

constexpr std::size_t kMostGroups = 10;
constexpr yaml::Range kMost{1, 1000};

// Where it is, and how many it may have.
capacity::GroupSettings read_group(yaml::MapReader& reader, const capacity::GroupSettings& common) {
  auto group = common;
  reader.require("name");
  group.group = reader.text("name").value_or("");
  if (group.group.empty() && reader.take("name") != nullptr) reader.problem_at("name", "is empty");
  return group;
}

std::string label_of(const capacity::GroupSettings& group) {
  return group.region.empty() ? group.group : fmt::format("{}/{}", group.region, group.group);
}

void read_list(const yaml::Value& list, yaml::MapReader& parent,
               const capacity::GroupSettings& common, capacity::ClassGroups& groups) {
  if (list.kind != yaml::Value::Kind::sequence || list.items.empty() ||
      list.items.size() > kMostGroups) {
    parent.problem_at("groups", fmt::format("expected a list of 1 to {} groups, each with its name",
                                            kMostGroups));
    return;
  }
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const auto section = as_mapping(list.items[i]);
    yaml::MapReader reader(section, fmt::format("{}[{}]", parent.path_of("groups"), i),
                           parent.problems());
    auto group = read_group(reader, common);
    if (reader.take("region") != nullptr) group.region = region_in(reader, "region");
    group.most = std::min(reader.integer("max", kMost).value_or(common.most), common.most);
    group.label = label_of(group);
    reader.finish();
    groups.in_order.push_back(std::move(group));
  }
}

}  // namespace

capacity::ClassGroups read_groups(yaml::MapReader& reader, fleet::ManagedClass& managed,
                                  std::int64_t most) {
  capacity::ClassGroups groups;
  capacity::GroupSettings common;
  common.most = most;
  common.single_task = reader.choice("mode", {"single-task", "continuous"}).value_or(0) == 0;
  common.suspend_rebalancing = reader.boolean("suspend_rebalancing").value_or(false);
  common.region = region_in(reader, "region");
  if (reader.take("token_secret") != nullptr) {
    common.token_secret = reader.text("token_secret").value_or("");
    if (common.token_secret.empty()) reader.problem_at("token_secret", "is empty");
  }
  common.idle_timeout = bounded_duration(reader, "idle_timeout", std::chrono::seconds(1));
  groups.single_task = common.single_task;
  const auto* list = reader.take("groups");
  if (list == nullptr) {
    groups.in_order.push_back(read_group(reader, common));
    return groups;
  }
  if (reader.take("name") != nullptr) {
    reader.problem_at("name", "is one group as well as 'groups': put it into the list");
  }
  read_list(*list, reader, common, groups);
  for (const auto& group : groups.in_order) managed.groups.push_back({group.label, group.most});
  return groups;
}

// Each of two classes would end the instances of the other, busy ones too (S1). Whether a group
// without a region is the same as one with a region is known once the former is looked up.
void refuse_shared_groups(const std::vector<ScaledClass>& classes,
                          const std::vector<yaml::Position>& at, yaml::Problems& problems) {
  std::map<std::pair<std::string, std::string>, std::string> owners;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto& [managed, capacity] = classes[i];
    const auto* groups = std::get_if<capacity::ClassGroups>(&capacity);
    if (groups == nullptr) continue;
    for (const auto& group : groups->in_order) {
      if (group.group.empty()) continue;
      const auto [owner, first] = owners.try_emplace({group.region, group.group}, managed.name);
      if (first) continue;
      const auto name = printable(group.group);
      problems.push_back({at[i], "resource_classes." + managed.name,
                          owner->second == managed.name
                              ? fmt::format("{} is named twice: name each group once", name)
                              : fmt::format("{} is the group of {} already: give each class a "
                                            "group of its own",
                                            name, printable(owner->second))});
    }
  }
}

}  // namespace muster::cli
