#include "aws/autoscaling.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::aws {

namespace {

constexpr Service kService{"auto_scaling", "autoscaling", "autoscaling"};
constexpr std::string_view kVersion = "2011-01-01";
constexpr std::size_t kMostPages = 50;
constexpr int kMostInstances = 1'000'000;

std::string member(std::string_view list, std::size_t index) {
  return fmt::format("{}.member.{}", list, index + 1);
}

bool is_yes(const Node& node, std::string_view name) {
  return node.text_at(name) == "true";
}

// The elements of a list; none if it is not there.
const std::vector<Node>& members(const Node& node, std::string_view list) {
  static const std::vector<Node> none;
  const auto* found = node.find(list);
  return found ? found->children : none;
}

GroupInstance read_instance(const Node& node) {
  return {.id = node.text_at("InstanceId"),
          .lifecycle_state = node.text_at("LifecycleState"),
          .health_status = node.text_at("HealthStatus"),
          .availability_zone = node.text_at("AvailabilityZone"),
          .instance_type = node.text_at("InstanceType"),
          .template_version = node.text_at("LaunchTemplate/Version"),
          .protected_from_scale_in = is_yes(node, "ProtectedFromScaleIn")};
}

// What a decision rests on must be there: no size is never zero.
Result<int> read_size(const Node& node, std::string_view name) {
  const auto text = node.text_at(name);
  const auto number = parse_int(text);
  if (number && *number >= 0 && *number <= kMostInstances) return static_cast<int>(*number);
  return Error{ErrorKind::unavailable,
               text.empty()
                   ? fmt::format("the answer of AWS has no {} of a group", name)
                   : fmt::format("the {} of a group in the answer of AWS is out of range, which is "
                                 "0 to {}: '{}'",
                                 name, kMostInstances, printable(text, 40))};
}

// Named directly, or as the base of a mixed-instances policy.
std::string template_version(const Node& group) {
  const auto direct = group.text_at("LaunchTemplate/Version");
  if (!direct.empty()) return direct;
  return group.text_at("MixedInstancesPolicy/LaunchTemplate/LaunchTemplateSpecification/Version");
}

Result<AutoScalingGroup> read_group(const Node& node) {
  const auto min = read_size(node, "MinSize");
  if (!min) return min.error();
  const auto max = read_size(node, "MaxSize");
  if (!max) return max.error();
  const auto desired = read_size(node, "DesiredCapacity");
  if (!desired) return desired.error();
  AutoScalingGroup group{.name = node.text_at("AutoScalingGroupName"),
                         .arn = node.text_at("AutoScalingGroupARN"),
                         .min = *min,
                         .max = *max,
                         .desired = *desired,
                         .protects_new_instances = is_yes(node, "NewInstancesProtectedFromScaleIn"),
                         .template_version = template_version(node)};
  for (const auto& process : members(node, "SuspendedProcesses")) {
    group.suspended_processes.push_back(process.text_at("ProcessName"));
  }
  for (const auto& instance : members(node, "Instances")) {
    group.instances.push_back(read_instance(instance));
  }
  return group;
}

Result<ScalingActivity> read_activity(const Node& node) {
  ScalingActivity activity{.id = node.text_at("ActivityId"),
                           .status_code = node.text_at("StatusCode"),
                           .status_message = node.text_at("StatusMessage"),
                           .description = node.text_at("Description"),
                           .cause = node.text_at("Cause")};
  const auto started = parse_rfc3339(node.text_at("StartTime"));
  if (!started) return started.error().within("the start of an activity");
  activity.started_at = *started;
  if (const auto text = node.text_at("EndTime"); !text.empty()) {
    const auto ended = parse_rfc3339(text);
    if (!ended) return ended.error().within("the end of an activity");
    activity.ended_at = *ended;
  }
  return activity;
}

}  // namespace

Result<AutoScaling> AutoScaling::open(Session& session, net::HttpClient& http, std::string region,
                                      const std::stop_token& stop, Patience patience) {
  auto client = Client::open(session, http, kService, std::move(region), stop, std::move(patience));
  if (!client) return client.error();
  return AutoScaling(std::move(*client));
}

Result<Node> AutoScaling::ask(const std::string& action, Parameters parameters,
                              const std::string& list, const std::stop_token& stop) {
  return client_.query(action, kVersion, std::move(parameters), list, stop);
}

Result<void> AutoScaling::order(const std::string& action, Parameters parameters,
                                const std::stop_token& stop, Repeat repeat) {
  return client_.query_unanswered(action, kVersion, std::move(parameters), stop, repeat);
}

Result<std::vector<AutoScalingGroup>> AutoScaling::groups(std::span<const std::string> names,
                                                          const std::stop_token& stop) {
  std::vector<AutoScalingGroup> groups;
  if (names.empty()) return groups;  // AWS would take it for all
  if (names.size() > kMostNames) {
    return Error{ErrorKind::too_large,
                 fmt::format("{} groups at once; AWS answers for {}", names.size(), kMostNames)};
  }
  Parameters first{{"MaxRecords", std::to_string(kMostNames)}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    first.emplace_back(member("AutoScalingGroupNames", i), names[i]);
  }
  std::string token;
  for (std::size_t page = 0; page < kMostPages; ++page) {
    auto parameters = first;
    if (!token.empty()) parameters.emplace_back("NextToken", token);
    const auto answer =
        ask("DescribeAutoScalingGroups", std::move(parameters), "AutoScalingGroups", stop);
    if (!answer) return answer.error();
    for (const auto& node : members(*answer, "AutoScalingGroups")) {
      auto group = read_group(node);
      if (!group) return group.error();
      groups.push_back(std::move(*group));
    }
    token = answer->text_at("NextToken");
    if (token.empty()) return groups;
  }
  return Error{ErrorKind::unavailable,
               fmt::format("DescribeAutoScalingGroups did not end after {} pages", kMostPages)};
}

Result<std::vector<ScalingActivity>> AutoScaling::activities(const std::string& group, int most,
                                                             const std::stop_token& stop) {
  const auto answer = ask("DescribeScalingActivities",
                          {{"AutoScalingGroupName", group}, {"MaxRecords", std::to_string(most)}},
                          "Activities", stop);
  if (!answer) return answer.error();
  std::vector<ScalingActivity> activities;
  for (const auto& node : members(*answer, "Activities")) {
    auto activity = read_activity(node);
    if (!activity) return activity.error();
    activities.push_back(std::move(*activity));
  }
  return activities;
}

Result<std::vector<ScalingPolicy>> AutoScaling::policies(const std::string& group,
                                                         const std::stop_token& stop) {
  const auto answer =
      ask("DescribePolicies",
          {{"AutoScalingGroupName", group}, {"MaxRecords", std::to_string(kMostNames)}},
          "ScalingPolicies", stop);
  if (!answer) return answer.error();
  std::vector<ScalingPolicy> policies;
  for (const auto& node : members(*answer, "ScalingPolicies")) {
    const auto type = node.text_at("PolicyType");
    const bool forecasts =
        type == "PredictiveScaling" &&
        node.text_at("PredictiveScalingConfiguration/Mode") != "ForecastAndScale";
    policies.push_back({.name = node.text_at("PolicyName"),
                        .type = type,
                        .scales = node.text_at("Enabled") != "false" && !forecasts});
  }
  return policies;
}

Result<void> AutoScaling::set_desired_capacity(const std::string& group, int desired,
                                               const std::stop_token& stop) {
  return order("SetDesiredCapacity",
               {{"AutoScalingGroupName", group},
                {"DesiredCapacity", std::to_string(desired)},
                {"HonorCooldown", "false"}},
               stop);
}

Result<void> AutoScaling::terminate(const std::string& instance_id, const std::stop_token& stop,
                                    Replaced replaced, Repeat repeat) {
  const auto* decrement = replaced == Replaced::no ? "true" : "false";
  return order("TerminateInstanceInAutoScalingGroup",
               {{"InstanceId", instance_id}, {"ShouldDecrementDesiredCapacity", decrement}}, stop,
               repeat);
}

Result<void> AutoScaling::suspend_process(const std::string& group, const std::string& process,
                                          const std::stop_token& stop) {
  return order("SuspendProcesses",
               {{"AutoScalingGroupName", group}, {member("ScalingProcesses", 0), process}}, stop);
}

bool AutoScalingGroup::has_suspended(std::string_view process) const {
  return std::ranges::find(suspended_processes, process) != suspended_processes.end();
}

}  // namespace muster::aws
