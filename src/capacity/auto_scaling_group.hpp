#pragma once

// Instances of AWS Auto Scaling groups, all of one region: one group for each place that a resource
// class has.
//
// The desired capacity is always written as a whole: what lives in the snapshot of this pass
// (Pending and InService), and what was asked for and is still to come, and what is launched now;
// less what is seen to have ended since with its place. It is never written lower than what lives,
// because the group would choose whom to end, nor lower than the group's own minimum, because AWS
// would refuse it. Instances end by name, with the desired capacity lowered, so that none is
// replaced.
//
// What was requested and is not there yet is listed as instances called GROUP/pending-1, -2, …, be
// it that we asked for it or that the group replaces an instance that ended by itself. A launch
// that AWS reports as failed is a failed launch to the loop, with AWS's reason.
//
// Instances cannot be asked to end: drain() does nothing, and policies of these classes say so.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "aws/autoscaling.hpp"
#include "base/time.hpp"
#include "fleet/ports.hpp"

namespace muster::capacity {

struct GroupSettings {
  std::string label;  // what a class that has several calls it; empty: it has one
  std::string group;
  std::string region;     // empty: that of the environment, as AWS's tools find it
  std::int64_t most = 0;  // instances that it may have; the group's own limit may be lower
  bool single_task = true;
  bool suspend_rebalancing = false;  // see to it that the group leaves its zones alone
  // From which its instances read the token of their class. The scaler does not, and may not.
  std::string token_secret;
  std::optional<Millis> idle_timeout;  // after which its instances end themselves, as one is told
};

// Of one class, in order of preference; at least one.
struct ClassGroups {
  std::vector<GroupSettings> in_order;
  bool single_task = true;
};

// What is asked of a region. Only the tests do not go to AWS.
class GroupApi {
 public:
  virtual ~GroupApi() = default;
  virtual std::string region() const = 0;  // also if it is that of the environment
  virtual Result<std::vector<aws::AutoScalingGroup>> groups(std::span<const std::string> names,
                                                            const std::stop_token& stop) = 0;
  virtual Result<std::vector<aws::ScalingActivity>> activities(const std::string& group, int most,
                                                               const std::stop_token& stop) = 0;
  virtual Result<void> set_desired_capacity(const std::string& group, int desired,
                                            const std::stop_token& stop) = 0;
  virtual Result<void> terminate(const std::string& instance_id, const std::stop_token& stop) = 0;
  virtual Result<void> suspend_process(const std::string& group, const std::string& process,
                                       const std::stop_token& stop) = 0;
  // AWS's clock, by which activities are dated: ours may be minutes off. Rather behind than ahead.
  virtual WallTime now() = 0;
};

// AWS's own. Credentials are looked for when they are needed.
Result<std::unique_ptr<GroupApi>> open_group_api(const std::string& region);

class AutoScalingGroups final : public fleet::CapacityProvider {
 public:
  // How long a region is waited for.
  struct Patience {
    Millis list = std::chrono::seconds(5);  // with all that is asked of its groups
    Millis act = fleet::kLongestAct;        // with the look before it
  };

  AutoScalingGroups(std::unique_ptr<GroupApi> api, std::map<fleet::Place, GroupSettings> places,
                    const Clock& clock, Patience patience);
  AutoScalingGroups(std::unique_ptr<GroupApi> api, std::map<fleet::Place, GroupSettings> places,
                    const Clock& clock = system_clock())
      : AutoScalingGroups(std::move(api), std::move(places), clock, Patience()) {}

  Result<fleet::CapacityList> list(const std::stop_token& stop) override;
  Result<std::vector<std::string>> launch(const fleet::Place& place, std::int64_t count,
                                          const std::stop_token& stop) override;
  Result<void> drain(const std::string& id, const std::stop_token& stop) override;
  Result<void> reap(const std::string& id, const std::stop_token& stop) override;
  Result<void> withdraw(const fleet::Place& place, std::int64_t count,
                        const std::stop_token& stop) override;
  void wait_for_change(Millis patience, std::stop_token stop) override;

 private:
  Result<fleet::CapacityList> list_all(const std::stop_token& stop);
  std::string region_in_words() const;
  template <class Question>
  auto ask(Millis limit, Question question, const std::stop_token& stop) const;

  // A group, as the latest list() saw it.
  struct Seen {
    std::map<std::string, std::string> live;  // id to lifecycle state
    // When each was asked for that is not there yet, the oldest first, as AWS starts them. Nothing:
    // before this process has looked.
    std::deque<std::optional<WallTime>> requests;
    std::set<std::string> ended_by_us;  // of `live`, and so of the desired capacity
    std::int64_t desired = 0;
    // What it must have become by what we wrote last and those that have ended since. Nothing: AWS
    // has shown as much, or has had the time to.
    std::optional<std::int64_t> expected;
    MonotonicTime shown_by{};  // our last launch
    std::int64_t min = 0;      // AWS refuses to go below
    std::int64_t max = 0;
    bool protects_new = false;                // from scale-in
    bool all_protected = true;                // those that live, likewise
    bool rebalances = false;                  // among its zones
    std::optional<WallTime> asked_at_by_aws;  // by AWS's clock: when it was last raised by us
    std::string told_activity;                // the latest failed launch that was told
    bool told_of_replacement = false;
    bool told_of_minimum = false;
    bool told_of_maximum = false;
    bool told_of_protection = false;
    bool told_of_unprotected = false;
    std::optional<ErrorKind> told_trouble;  // that failures cannot be looked for
  };

  static std::int64_t desired_of(Seen& seen, std::int64_t shown, std::int64_t ended,
                                 MonotonicTime now);
  void see(const fleet::Place& place, const aws::AutoScalingGroup& group, fleet::CapacityList& all);
  void look_for_failures(const fleet::Place& place, fleet::CapacityList& all,
                         const std::stop_token& stop);
  Result<std::vector<std::string>> launch_in_time(const fleet::Place& place, std::int64_t count,
                                                  const std::stop_token& stop);
  void suspend_rebalancing(const fleet::Place& place, const std::stop_token& stop);
  static void tell_of_trouble(Seen& seen, const std::string& group, const Error& error);
  void tell_of_replacement(const fleet::Place& place);
  void tell_of_minimum(const fleet::Place& place);
  void tell_of_maximum(const fleet::Place& place);
  void tell_of_protection(const fleet::Place& place);
  void tell_of_unprotected(const fleet::Place& place);

  Result<void> withdraw_in_time(const fleet::Place& place, std::int64_t count,
                                const std::stop_token& stop);

  struct Size {
    std::int64_t live = 0;
    std::int64_t wanted = 0;  // those, and what is requested
  };
  struct Now {
    std::set<std::string> live;
    Size size;
    bool all_protected = true;
  };
  // What a change of the desired capacity starts from.
  struct Base {
    Size size;
    std::int64_t asked = 0;  // that AWS has been asked for by now, which no launch lowers
    bool all_protected = true;
  };
  static Size size_seen(const Seen& seen);
  static void drop_oldest(Seen& seen, std::int64_t count);
  Result<Now> look(const fleet::Place& place, const std::stop_token& stop) const;
  Result<Base> base_of(const fleet::Place& place, const std::stop_token& stop) const;
  std::string pending_id(const fleet::Place& place, std::string_view number) const;

  const std::unique_ptr<GroupApi> api_;
  const std::map<fleet::Place, GroupSettings> places_;
  const Clock& clock_;
  const Patience patience_;
  std::map<fleet::Place, Seen> seen_;
  std::atomic<MonotonicTime> listed_at_{};
};

}  // namespace muster::capacity
