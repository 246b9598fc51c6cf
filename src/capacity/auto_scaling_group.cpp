#include "capacity/auto_scaling_group.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/sleep.hpp"
#include "base/text.hpp"
#include "base/time_limit.hpp"

namespace muster::capacity {

namespace {

constexpr const char* kRebalance = "AZRebalance";
constexpr Millis kPollInterval = std::chrono::seconds(10);
constexpr int kActivities = 20;  // the latest; a history of weeks is never read
constexpr Millis kRecently = std::chrono::minutes(10);
constexpr Millis kShownLate = std::chrono::seconds(15);  // AWS promises no time at all
constexpr Millis kAside = std::chrono::seconds(2);       // for what is no reason to let jobs wait

// AWS knows an instance no more that it may still show for a while.
bool is_gone(const Error& error) {
  return error.kind == ErrorKind::invalid &&
         error.message.find("Instance Id not found") != std::string::npos;
}

std::string cure_of_silence(std::string_view region) {
  return fmt::format("; check that {} is the region meant, and that this machine reaches AWS",
                     printable(region));
}

bool is_failed_launch(const aws::ScalingActivity& activity) {
  return (activity.status_code == "Failed" || activity.status_code == "Cancelled") &&
         activity.description.starts_with("Launching");
}

}  // namespace

AutoScalingGroups::AutoScalingGroups(std::unique_ptr<GroupApi> api,
                                     std::map<fleet::Place, GroupSettings> places,
                                     const Clock& clock, Patience patience)
    : api_(std::move(api)), places_(std::move(places)), clock_(clock), patience_(patience) {}

std::string AutoScalingGroups::region_in_words() const {
  return "AWS in " + printable(api_->region());
}

template <class Question>
auto AutoScalingGroups::ask(Millis limit, Question question, const std::stop_token& stop) const {
  return within(limit, region_in_words(), std::move(question), stop,
                cure_of_silence(api_->region()));
}

std::string AutoScalingGroups::pending_id(const fleet::Place& place,
                                          std::string_view number) const {
  const auto& name = place.group.empty() ? places_.at(place).group : place.group;
  return fmt::format("{}/pending-{}", name, number);
}

// A region that is silent is soon given up: the next pass asks again.
Result<fleet::CapacityList> AutoScalingGroups::list(const std::stop_token& stop) {
  listed_at_ = clock_.monotonic();
  return ask(
      patience_.list, [&](const std::stop_token& late) { return list_all(late); }, stop);
}

Result<fleet::CapacityList> AutoScalingGroups::list_all(const std::stop_token& stop) {
  std::vector<std::string> names;
  for (const auto& [place, settings] : places_) names.push_back(settings.group);
  const auto groups = api_->groups(names, stop);
  if (!groups) return groups.error();

  fleet::CapacityList all;
  for (const auto& [place, settings] : places_) {
    const auto found = std::find_if(groups->begin(), groups->end(), [&](const auto& group) {
      return group.name == settings.group;
    });
    if (found == groups->end()) {
      all.unreadable.emplace(place.resource_class,
                             fmt::format("there is no Auto Scaling group {} in {}; correct its "
                                         "name or its region",
                                         printable(settings.group), api_->region()));
      continue;
    }
    see(place, *found, all);
    look_for_failures(place, all, stop);
  }
  return all;
}

// AWS may show for a while what was before our write: then what we have asked for would look as if
// nobody had, and be asked for again, or be written over by less.
std::int64_t AutoScalingGroups::desired_of(Seen& seen, std::int64_t shown, std::int64_t ended,
                                           MonotonicTime now) {
  if (!seen.expected) return shown;
  *seen.expected -= ended;
  if (shown < *seen.expected && now < seen.shown_by) return *seen.expected;
  seen.expected.reset();
  return shown;
}

namespace {

// One in Standby, say, serves nobody until a person puts it back: then it is a new one.
std::string how_it_went(const aws::AutoScalingGroup& group, const std::string& id) {
  const auto listed = std::ranges::find(group.instances, id, &aws::GroupInstance::id);
  if (listed == group.instances.end()) return "no longer in the group";
  return "AWS says it is " + printable(listed->lifecycle_state);
}

}  // namespace

void AutoScalingGroups::see(const fleet::Place& place, const aws::AutoScalingGroup& group,
                            fleet::CapacityList& all) {
  const bool single_task = places_.at(place).single_task;
  const bool first_look = !seen_.contains(place);
  auto& seen = seen_[place];
  auto before = std::exchange(seen.live, {});
  seen.all_protected = true;
  std::int64_t came = 0;
  for (const auto& instance : group.instances) {
    if (!instance.lives()) continue;
    seen.live.emplace(instance.id, instance.lifecycle_state);
    seen.all_protected &= instance.protected_from_scale_in;
    if (before.erase(instance.id) == 0) ++came;
    all.live.push_back(
        {instance.id, place.resource_class, std::nullopt, false, single_task, false, place.group});
  }
  std::int64_t ended = 0;
  for (const auto& [id, state] : before) {
    all.ended.push_back({id, place.resource_class, how_it_went(group, id)});
    if (!seen.ended_by_us.contains(id)) ++ended;
  }
  seen.ended_by_us.clear();
  seen.desired = desired_of(seen, group.desired, ended, clock_.monotonic());
  seen.min = group.min;
  seen.max = group.max;
  all.most.emplace(place, group.max);
  tell_of_maximum(place);
  seen.protects_new = group.protects_new_instances;
  tell_of_minimum(place);
  seen.rebalances = !group.has_suspended(kRebalance);
  const auto requested = std::max<std::int64_t>(seen.desired - std::ssize(seen.live), 0);
  const bool unasked = came + requested > std::ssize(seen.requests);
  if (!before.empty() && unasked) tell_of_replacement(place);
  drop_oldest(seen, std::max(came, std::ssize(seen.requests) - requested));
  seen.requests.resize(static_cast<std::size_t>(requested),
                       first_look ? std::nullopt : std::optional(clock_.wall()));
  for (std::size_t i = 0; i < seen.requests.size(); ++i) {
    all.live.push_back({pending_id(place, std::to_string(i + 1)), place.resource_class,
                        seen.requests[i], false, single_task, true, place.group});
  }
}

// Which of them has come, or was withdrawn, AWS does not tell: those that stay look rather too
// young than too old.
void AutoScalingGroups::drop_oldest(Seen& seen, std::int64_t count) {
  const auto dropped = std::clamp<std::int64_t>(count, 0, std::ssize(seen.requests));
  seen.requests.erase(seen.requests.begin(), seen.requests.begin() + dropped);
}

// A person must learn of it: each such end costs a boot if AWS is quicker than we are.
void AutoScalingGroups::tell_of_replacement(const fleet::Place& place) {
  if (std::exchange(seen_[place].told_of_replacement, true)) return;
  log::warn(
      "an instance has ended and left its place in the group, so that AWS starts another; "
      "let each end itself with TerminateInstanceInAutoScalingGroup and "
      "ShouldDecrementDesiredCapacity",
      {{"resource_class", place.resource_class}, {"group", places_.at(place).group}});
}

// Once until it is mended, as are the next two.
void AutoScalingGroups::tell_of_minimum(const fleet::Place& place) {
  auto& seen = seen_.at(place);
  if (std::exchange(seen.told_of_minimum, seen.min > 0) || seen.min == 0) return;
  log::warn(
      "the group's own minimum is above 0, and nothing can be ended or withdrawn below it; set its "
      "MinSize to 0, as 'min' of the class keeps instances",
      {{"resource_class", place.resource_class},
       {"group", places_.at(place).group},
       {"minimum", std::to_string(seen.min)}});
}

void AutoScalingGroups::tell_of_maximum(const fleet::Place& place) {
  auto& seen = seen_.at(place);
  const auto& settings = places_.at(place);
  const bool in_the_way = settings.most > seen.max;
  if (std::exchange(seen.told_of_maximum, in_the_way) || !in_the_way) return;
  log::warn("the group's own maximum is in the way; raise it, or lower the class's max",
            {{"resource_class", place.resource_class},
             {"group", settings.group},
             {"maximum", std::to_string(seen.max)}});
}

void AutoScalingGroups::tell_of_protection(const fleet::Place& place) {
  auto& seen = seen_.at(place);
  if (std::exchange(seen.told_of_protection, !seen.protects_new) || seen.protects_new) return;
  log::warn(
      "the group does not protect new instances from scale-in; set its "
      "NewInstancesProtectedFromScaleIn",
      {{"resource_class", place.resource_class}, {"group", places_.at(place).group}});
}

void AutoScalingGroups::tell_of_unprotected(const fleet::Place& place) {
  auto& seen = seen_.at(place);
  if (std::exchange(seen.told_of_unprotected, !seen.all_protected) || seen.all_protected) return;
  log::warn(
      "some instances are not protected from scale-in, so that nothing is withdrawn, lest AWS ends "
      "one of them; muster doctor names them, with the command",
      {{"resource_class", place.resource_class}, {"group", places_.at(place).group}});
}

// Once until it is of another kind, or over. Each message differs: it has the request's id.
void AutoScalingGroups::tell_of_trouble(Seen& seen, const std::string& group, const Error& error) {
  if (std::exchange(seen.told_trouble, error.kind) == error.kind) return;
  log::warn("cannot read why instances do not come", {{"group", group}, {"error", error.message}});
}

// Asked for only while something that was requested has not come.
void AutoScalingGroups::look_for_failures(const fleet::Place& place, fleet::CapacityList& all,
                                          const std::stop_token& stop) {
  auto& seen = seen_[place];
  if (seen.requests.empty()) return;
  const auto& group = places_.at(place).group;
  const auto activities = api_->activities(group, kActivities, stop);
  if (!activities) {
    const auto late = Error{ErrorKind::timeout, region_in_words() + " did not answer in time" +
                                                    cure_of_silence(api_->region())};
    tell_of_trouble(seen, group, stop.stop_requested() ? late : activities.error());
    return;
  }
  seen.told_trouble.reset();
  const auto since = seen.asked_at_by_aws.value_or(api_->now() - kRecently);
  for (const auto& activity : *activities) {
    if (activity.id == seen.told_activity) return;
    if (!is_failed_launch(activity) || activity.started_at < since) continue;
    seen.told_activity = activity.id;
    seen.shown_by = {};  // AWS knows what we asked for
    all.failed_launches.emplace(
        place, fleet::FailedLaunch{printable(activity.status_message, 300), activity.id});
    return;
  }
}

// All its calls together end in time: another scaler may be in charge afterwards.
Result<std::vector<std::string>> AutoScalingGroups::launch(const fleet::Place& place,
                                                           std::int64_t count,
                                                           const std::stop_token& stop) {
  return ask(
      patience_.act,
      [&](const std::stop_token& late) { return launch_in_time(place, count, late); }, stop);
}

Result<std::vector<std::string>> AutoScalingGroups::launch_in_time(const fleet::Place& place,
                                                                   std::int64_t count,
                                                                   const std::stop_token& stop) {
  const auto settings = places_.find(place);
  const auto found = seen_.find(place);
  if (settings == places_.end() || found == seen_.end()) {
    return Error{ErrorKind::not_found,
                 "no Auto Scaling group was seen for " + place.resource_class};
  }
  auto& seen = found->second;
  suspend_rebalancing(place, stop);
  tell_of_protection(place);
  const auto base = base_of(place, stop);
  if (!base) return base.error();
  auto desired = std::max({base->asked, base->size.wanted + count, base->size.live});
  if (const auto excess = std::min(desired - seen.max, count); excess > 0) {
    log::info("launched fewer, as the group's maximum was reached meanwhile",
              {{"group", settings->second.group}, {"maximum", std::to_string(seen.max)}});
    count -= excess;
    desired -= excess;
  }
  std::vector<std::string> launched;
  if (count == 0) return launched;
  const auto asked_at_by_aws = api_->now();
  const auto raised =
      api_->set_desired_capacity(settings->second.group, static_cast<int>(desired), stop);
  if (!raised) return raised.error();
  seen.expected = desired;
  seen.shown_by = clock_.monotonic() + kShownLate;
  seen.asked_at_by_aws = asked_at_by_aws;
  for (; count > 0; --count) {
    seen.requests.push_back(clock_.wall());
    launched.push_back(pending_id(place, std::to_string(seen.requests.size())));
  }
  return launched;
}

// Before there is anything that the group could move. A group that goes on to rebalance is worth a
// word, and no reason to let jobs wait.
void AutoScalingGroups::suspend_rebalancing(const fleet::Place& place,
                                            const std::stop_token& stop) {
  const auto& settings = places_.at(place);
  auto& seen = seen_.at(place);
  if (!settings.suspend_rebalancing || !seen.rebalances) return;
  const auto done = ask(
      std::min(patience_.list, kAside),
      [&](const std::stop_token& late) {
        return api_->suspend_process(settings.group, kRebalance, late);
      },
      stop);
  if (!done) {
    log::warn("cannot suspend the group's rebalancing among its zones",
              {{"group", settings.group}, {"error", done.error().message}});
    return;
  }
  seen.rebalances = false;
  log::info("suspended the group's rebalancing among its zones", {{"group", settings.group}});
}

AutoScalingGroups::Size AutoScalingGroups::size_seen(const Seen& seen) {
  const auto live = std::ssize(seen.live) - std::ssize(seen.ended_by_us);
  return {live, live + std::ssize(seen.requests)};
}

// AWS may show for a while whom we have ended.
Result<AutoScalingGroups::Now> AutoScalingGroups::look(const fleet::Place& place,
                                                       const std::stop_token& stop) const {
  const auto& name = places_.at(place).group;
  const auto groups = ask(
      patience_.list,
      [&](const std::stop_token& late) { return api_->groups(std::span(&name, 1), late); }, stop);
  if (!groups) return groups.error();
  if (groups->empty()) return Error{ErrorKind::not_found, "the group is gone: " + printable(name)};
  const auto& group = groups->front();
  const auto& ended_by_us = seen_.at(place).ended_by_us;
  Now now;
  std::int64_t ended = 0;
  for (const auto& instance : group.instances) {
    if (!instance.lives()) continue;
    if (ended_by_us.contains(instance.id)) {
      ++ended;
      continue;
    }
    now.live.insert(instance.id);
    now.all_protected &= instance.protected_from_scale_in;
  }
  now.size.live = std::ssize(now.live);
  now.size.wanted = std::max<std::int64_t>(group.desired - ended, now.size.live);
  return now;
}

// The decision rests on list(), and so does what is written. But instances that have ended since
// then, and given up their places, would each be a boot for nothing; so the group is looked at
// again. AWS may show an older state than before, which must not lower anything: only what was in
// service can have ended, and as many places must be gone.
Result<AutoScalingGroups::Base> AutoScalingGroups::base_of(const fleet::Place& place,
                                                           const std::stop_token& stop) const {
  const auto now = look(place, stop);
  if (!now) return now.error();
  const auto& seen = seen_.at(place);
  const auto before = size_seen(seen);
  std::int64_t gone = 0;
  bool served = true;
  for (const auto& [id, state] : seen.live) {
    if (now->live.contains(id) || seen.ended_by_us.contains(id)) continue;
    ++gone;
    served &= state == "InService";
  }
  const auto& [live, size, all_protected] = *now;
  if (served && before.wanted - size.wanted == gone) return Base{size, size.wanted, all_protected};
  return Base{{std::max(before.live, size.live), before.wanted}, size.wanted, all_protected};
}

Result<void> AutoScalingGroups::drain(const std::string&, const std::stop_token&) {
  return ok();
}

Result<void> AutoScalingGroups::reap(const std::string& id, const std::stop_token& stop) {
  for (auto& [place, seen] : seen_) {
    if (seen.live.contains(id)) {
      if (seen.min > 0 && seen.desired - std::ssize(seen.ended_by_us) <= seen.min) return ok();
      auto ended = api_->terminate(id, stop);
      if (!ended && is_gone(ended.error())) return ok();
      if (ended && seen.ended_by_us.insert(id).second && seen.expected) --*seen.expected;
      return ended;
    }
  }
  return ok();
}

Result<void> AutoScalingGroups::withdraw(const fleet::Place& place, std::int64_t count,
                                         const std::stop_token& stop) {
  const auto found = seen_.find(place);
  if (found == seen_.end() || found->second.requests.empty()) return ok();
  // What AWS shows may be older than we think, and what it then ends by itself is anybody that is
  // not protected.
  tell_of_protection(place);
  tell_of_unprotected(place);
  const auto& seen = found->second;
  const bool safe = seen.protects_new && seen.all_protected;
  if (!safe || clock_.monotonic() < seen.shown_by) return ok();
  return ask(
      patience_.act,
      [&](const std::stop_token& late) { return withdraw_in_time(place, count, late); }, stop);
}

Result<void> AutoScalingGroups::withdraw_in_time(const fleet::Place& place, std::int64_t count,
                                                 const std::stop_token& stop) {
  auto& seen = seen_.at(place);
  const auto base = base_of(place, stop);
  if (!base) return base.error();
  if (!base->all_protected) return ok();
  const auto desired = std::max({base->size.live, base->size.wanted - count, seen.min});
  const auto withdrawn = base->size.wanted - desired;
  if (withdrawn <= 0) return ok();
  const auto& group = places_.at(place).group;
  const auto lowered = api_->set_desired_capacity(group, static_cast<int>(desired), stop);
  if (!lowered) return lowered;
  log::info("withdrew what has not come", {{"group", group},
                                           {"instances", std::to_string(withdrawn)},
                                           {"desired", std::to_string(desired)}});
  drop_oldest(seen, withdrawn);
  seen.expected.reset();
  return ok();
}

// A pass that the queue has caused lists the groups as well.
void AutoScalingGroups::wait_for_change(Millis patience, std::stop_token stop) {
  const auto end = clock_.monotonic() + patience;
  while (!stop.stop_requested()) {
    const auto left = std::min(end, listed_at_.load() + kPollInterval) - clock_.monotonic();
    if (left <= Millis(0)) return;
    sleep_for(left, stop);
  }
}

// --- AWS --------------------------------------------------------------------------------------

namespace {

class AwsGroupApi final : public GroupApi {
 public:
  static Result<std::unique_ptr<GroupApi>> open(const std::string& region) {
    std::unique_ptr<AwsGroupApi> api(new AwsGroupApi);
    auto client = aws::AutoScaling::open(api->session_, api->http_, region, {});
    if (!client) return client.error();
    api->client_.emplace(std::move(*client));
    return api;
  }

  std::string region() const override { return client_->region(); }
  Result<std::vector<aws::AutoScalingGroup>> groups(std::span<const std::string> names,
                                                    const std::stop_token& stop) override {
    std::vector<aws::AutoScalingGroup> all;
    while (!names.empty()) {
      const auto some = names.first(std::min(names.size(), aws::AutoScaling::kMostNames));
      auto groups = client_->groups(some, stop);
      if (!groups) return groups;
      std::move(groups->begin(), groups->end(), std::back_inserter(all));
      names = names.subspan(some.size());
    }
    return all;
  }
  Result<std::vector<aws::ScalingActivity>> activities(const std::string& group, int most,
                                                       const std::stop_token& stop) override {
    return client_->activities(group, most, stop);
  }
  Result<void> set_desired_capacity(const std::string& group, int desired,
                                    const std::stop_token& stop) override {
    return in_time(stop, [&](const std::stop_token& late) {
      return client_->set_desired_capacity(group, desired, late);
    });
  }
  Result<void> terminate(const std::string& instance_id, const std::stop_token& stop) override {
    return in_time(stop, [&](const std::stop_token& late) {
      return client_->terminate(instance_id, late, aws::Replaced::no, aws::Repeat::not_later);
    });
  }
  Result<void> suspend_process(const std::string& group, const std::string& process,
                               const std::stop_token& stop) override {
    return in_time(stop, [&](const std::stop_token& late) {
      return client_->suspend_process(group, process, late);
    });
  }
  WallTime now() override { return session_.aws_now(); }

 private:
  AwsGroupApi() = default;

  template <class Act>
  Result<void> in_time(const std::stop_token& stop, Act act) const {
    return within(fleet::kLongestAct, "AWS in " + client_->region(), std::move(act), stop,
                  cure_of_silence(client_->region()));
  }

  aws::Session session_;
  net::HttpClient http_;
  std::optional<aws::AutoScaling> client_;
};

}  // namespace

Result<std::unique_ptr<GroupApi>> open_group_api(const std::string& region) {
  return AwsGroupApi::open(region);
}

}  // namespace muster::capacity
