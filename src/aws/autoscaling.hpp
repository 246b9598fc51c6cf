#pragma once

// EC2 Auto Scaling: the calls that keep a group at its size. Thin; one thread at a time.

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "aws/client.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace muster::aws {

struct GroupInstance {
  std::string id;
  std::string lifecycle_state;  // "Pending", "InService", "Terminating:Wait", …
  std::string health_status;    // "Healthy"
  std::string availability_zone;
  std::string instance_type;
  std::string template_version;  // of the launch template, a number; empty: it came from none
  bool protected_from_scale_in = false;

  // It is, or will be, able to work. The others are on their way out.
  bool lives() const {
    return lifecycle_state == "InService" || lifecycle_state.starts_with("Pending");
  }
};

struct AutoScalingGroup {
  std::string name;
  std::string arn;
  int min = 0;
  int max = 0;
  int desired = 0;
  bool protects_new_instances = false;
  std::string template_version;  // new ones come from: a number, "$Latest", "$Default"; empty: none
  std::vector<std::string> suspended_processes;  // "AZRebalance"
  std::vector<GroupInstance> instances;

  bool has_suspended(std::string_view process) const;
};

// A launch or an end that the group began by itself or was asked for.
struct ScalingActivity {
  std::string id;
  std::string status_code;  // "Successful", "Failed", "InProgress", …
  std::string status_message;
  std::string description;
  std::string cause;
  WallTime started_at;
  std::optional<WallTime> ended_at;
};

// What else may change a group's size.
struct ScalingPolicy {
  std::string name;
  std::string type;    // "TargetTrackingScaling", "StepScaling", …
  bool scales = true;  // false: it is disabled, or only forecasts
};

// Whether a group launches another in the place of an instance that ends.
enum class Replaced { no, yes };

class AutoScaling {
 public:
  static constexpr std::size_t kMostNames = 100;  // AWS's limit

  // As Client::open().
  static Result<AutoScaling> open(Session& session, net::HttpClient& http, std::string region,
                                  const std::stop_token& stop,
                                  Patience patience = usual_patience());

  // Those of the names (at most kMostNames) that there are, in AWS's order. All of them or an
  // error.
  Result<std::vector<AutoScalingGroup>> groups(std::span<const std::string> names,
                                               const std::stop_token& stop);

  // The latest, newest first; `most` from 1 to 100.
  Result<std::vector<ScalingActivity>> activities(const std::string& group, int most,
                                                  const std::stop_token& stop);

  // The group's policies, at most the first hundred.
  Result<std::vector<ScalingPolicy>> policies(const std::string& group,
                                              const std::stop_token& stop);

  // At once, whatever the group's cooldown.
  Result<void> set_desired_capacity(const std::string& group, int desired,
                                    const std::stop_token& stop);

  // Ends the instance. One that is not replaced lowers the desired capacity. Not repeated when AWS
  // may have done it: that would lower the capacity twice.
  Result<void> terminate(const std::string& instance_id, const std::stop_token& stop,
                         Replaced replaced = Replaced::no, Repeat repeat = Repeat::when_refused);

  // One of the group's own processes, such as "AZRebalance", until somebody resumes it.
  Result<void> suspend_process(const std::string& group, const std::string& process,
                               const std::stop_token& stop);

  const std::string& region() const { return client_.region(); }

  // When AWS gave its latest answer, by its own clock, to the second.
  std::optional<WallTime> answered_at() const { return client_.answered_at(); }

 private:
  explicit AutoScaling(Client client) : client_(std::move(client)) {}

  Result<Node> ask(const std::string& action, Parameters parameters, const std::string& list,
                   const std::stop_token& stop);
  Result<void> order(const std::string& action, Parameters parameters, const std::stop_token& stop,
                     Repeat repeat = Repeat::always);

  Client client_;
};

}  // namespace muster::aws
