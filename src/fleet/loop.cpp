#include "fleet/loop.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include <fmt/core.h>

#include "base/log.hpp"

namespace muster::fleet {

namespace {

bool looks_the_same(const scaling::Decision& a, const scaling::Decision& b) {
  const auto binds = [](const auto& reason) { return reason.allowed < reason.wanted; };
  const auto same_rule = [&](const auto& x, const auto& y) {
    return x.rule == y.rule && x.subject == y.subject && binds(x) == binds(y);
  };
  return a.launch == b.launch && a.withdraw == b.withdraw && a.drain == b.drain &&
         a.reap == b.reap && a.places == b.places && a.counts == b.counts &&
         std::equal(a.reasons.begin(), a.reasons.end(), b.reasons.begin(), b.reasons.end(),
                    same_rule);
}

// Why nothing is known, if so. It may have numbers in it that are others each time.
std::string why_held(const scaling::Decision& decision) {
  const auto hold = std::ranges::find_if(decision.reasons, scaling::is_hold);
  return hold == decision.reasons.end() ? "" : hold->detail;
}

std::optional<std::pair<std::int64_t, std::int64_t>> known_tasks(const scaling::Demand& demand) {
  const auto* reading = std::get_if<scaling::DemandReading>(&demand);
  if (reading == nullptr) return std::nullopt;
  return std::pair(reading->unclaimed, reading->running);
}

// What a pass was waiting for when its time was over, and what is known of it by then.
Error given_up(std::string_view what, std::string_view why) {
  return {ErrorKind::cancelled,
          fmt::format("the pass was given up while {}{}{}", what, why.empty() ? "" : ": ", why)};
}

std::string why_unreadable(const CapacityList& list) {
  if (list.unreadable.empty()) return "";
  const auto& [name, why] = *list.unreadable.begin();
  return fmt::format("{}: {}", name, why);
}

std::string why_unknown(const std::map<std::string, ClassDemand>& demand) {
  for (const auto& [name, known] : demand) {
    const auto* unknown = std::get_if<scaling::DemandUnknown>(&known.demand);
    if (unknown != nullptr) return fmt::format("{}: {}", name, unknown->why);
  }
  return "";
}

bool is_bad_news(const scaling::Reason& reason) {
  return scaling::is_hold(reason) || reason.rule == scaling::Rule::backoff ||
         reason.rule == scaling::Rule::spend_cap || reason.rule == scaling::Rule::boot_timeout ||
         reason.rule == scaling::Rule::unheard || reason.rule == scaling::Rule::reaped ||
         reason.rule == scaling::Rule::not_come || reason.rule == scaling::Rule::many_silent ||
         (reason.rule == scaling::Rule::shortage && reason.subject.empty());
}

void tell(const ClassPass& pass) {
  const auto& decision = pass.decision;
  const bool bad = std::any_of(decision.reasons.begin(), decision.reasons.end(), is_bad_news);
  const auto level = bad ? log::Level::warn : pass.acts() ? log::Level::info : log::Level::debug;
  log::write(level, "decided",
             {{"resource_class", pass.resource_class},
              {"desired", std::to_string(decision.desired)},
              {"live", std::to_string(decision.counts.live())},
              {"launch", std::to_string(decision.launch)},
              {"drain", std::to_string(decision.drain.size())},
              {"end", std::to_string(decision.reap.size())},
              {"withdraw", std::to_string(decision.withdraw)},
              {"why", describe(decision.reasons)}});
}

}  // namespace

void PassOutcome::note(const std::string& resource_class, std::string_view what) {
  if (trouble.empty()) trouble = fmt::format("{}: {}", resource_class, what);
}

void PassOutcome::give_up(const std::string& resource_class, std::string_view why) {
  incomplete = true;
  note(resource_class, why);
}

void PassOutcome::refuse(Act act, const std::string& resource_class, std::string_view why) {
  refused.try_emplace({act, resource_class}, why);
  give_up(resource_class, why);
}

Loop::Loop(std::vector<ManagedClass> classes, Ports ports, std::optional<std::int64_t> plan_limit)
    : classes_(std::move(classes)), ports_(ports), plan_limit_(plan_limit) {
  for (const auto& managed : classes_) {
    if (managed.policy.slots > 1) with_slots_.insert(managed.name);
  }
}

Result<PassOutcome> Loop::run_once(std::stop_token stop) {
  PassOutcome outcome;
  pass_begun_ = ports_.clock.monotonic();
  auto ours = take_charge(outcome, stop);
  load_memories(ours, outcome, stop);
  if (stop.stop_requested() && !outcome.stood_by) {
    return given_up("what the lease remembers was being read", outcome.trouble);
  }
  outcome.blind = ours.empty() && !outcome.nothing_ours;
  if (ours.empty()) return outcome;
  const auto listed = list_capacity(stop);
  if (stop.stop_requested()) {
    return given_up("the instances were being listed",
                    listed ? why_unreadable(capacity_) : listed.error().message);
  }
  if (!listed) return listed.error();
  read_begun_ = ports_.clock.monotonic();
  auto demand = ports_.demand.read(stop);
  if (stop.stop_requested()) return given_up("the queue was being read", why_unknown(demand));
  tell_of(resolve_mix_ups(demand, capacity_.live, with_slots_));

  const auto passes = decide_all(ours, demand, outcome, stop);
  carry_out(passes, outcome, stop);
  ports_.observer.decided(passes);
  return outcome;
}

std::vector<ClassPass> Loop::decide_all(const Ours& ours,
                                        const std::map<std::string, ClassDemand>& demand,
                                        PassOutcome& outcome, const std::stop_token& stop) {
  const auto shares = share_plan(ours, demand);
  std::vector<ClassPass> passes;
  passes.reserve(ours.size());
  for (const auto* each : ours) {
    const auto& managed = *each;
    if (stop.stop_requested()) {
      outcome.give_up(managed.name, kPassOver);
      break;
    }
    if (const auto* why = memory_retries_.waits_for(managed.name, pass_begun_)) {
      outcome.give_up(managed.name, *why);
      continue;
    }
    auto observation = look_at(managed, demand);
    if (const auto share = shares.find(managed.name); share != shares.end()) {
      observation.snapshot.plan_share = share->second;
    }
    auto pass = decide_for(managed, std::move(observation), stop);
    if (!pass) {
      log::error("held: a decision must be written down before it is carried out",
                 {{"resource_class", managed.name}, {"error", pass.error().message}});
      memory_retries_.failed(managed.name, pass.error().message, ports_.clock.monotonic());
      outcome.give_up(managed.name, pass.error().message);
      continue;
    }
    memory_retries_.forget(managed.name);
    passes.push_back(std::move(*pass));
  }
  return passes;
}

Loop::Ours Loop::take_charge(PassOutcome& outcome, std::stop_token stop) {
  std::vector<std::string> names;
  for (const auto& managed : classes_) names.push_back(managed.name);
  const auto charges = ports_.ledger.take_charge(names, stop);
  Ours ours;
  for (const auto& managed : classes_) {
    const auto found = charges.find(managed.name);
    const auto charge = found == charges.end() ? Charge{} : found->second;
    note_charge(managed.name, charge);
    outcome.in_charge.emplace(managed.name, charge.is_ours());
    if (charge.is_ours()) ours.push_back(&managed);
    outcome.stood_by |= charge.kind == Charge::Kind::anothers;
    outcome.held |= charge.kind == Charge::Kind::unknown;
    if (!charge.is_ours()) outcome.note(managed.name, charge.why);
  }
  outcome.nothing_ours = ours.empty();
  return ours;
}

void Loop::note_charge(const std::string& resource_class, const Charge& charge) {
  if (charge.kind == Charge::Kind::newly_ours) {
    memories_.erase(resource_class);
    newly_ours_.insert(resource_class);
  }
  if (!charge.is_ours()) forget(resource_class);
  const auto before = charges_.find(resource_class);
  const auto kind = charge.is_ours() ? Charge::Kind::ours : charge.kind;
  if (before != charges_.end() && before->second == kind) return;
  charges_.insert_or_assign(resource_class, kind);
  if (charge.kind == Charge::Kind::newly_ours) {
    log::info("in charge", {{"resource_class", resource_class}});
  } else if (charge.kind == Charge::Kind::anothers) {
    log::info("standing by", {{"resource_class", resource_class}, {"why", charge.why}});
  } else if (charge.kind == Charge::Kind::unknown) {
    log::warn("held: it is not known who is in charge",
              {{"resource_class", resource_class}, {"error", charge.why}});
  }
}

void Loop::forget_refusals(const std::string& resource_class) {
  auto& failed = capacity_.failed_launches;
  auto each = failed.lower_bound({resource_class, ""});
  while (each != failed.end() && each->first.resource_class == resource_class) {
    each = failed.erase(each);
  }
}

// Another scaler goes on with it.
void Loop::forget(const std::string& resource_class) {
  memories_.erase(resource_class);
  recorded_.erase(resource_class);
  held_since_.erase(resource_class);
  memory_retries_.forget(resource_class);
  for (auto& [act, retries] : act_retries_) retries.forget(resource_class);
  forget_refusals(resource_class);
  std::erase_if(capacity_.ended,
                [&](const auto& ended) { return ended.resource_class == resource_class; });
}

// A class whose memory cannot be read is held; the others go on.
void Loop::load_memories(Ours& ours, PassOutcome& outcome, const std::stop_token& stop) {
  std::erase_if(ours, [&](const ManagedClass* managed) {
    const auto& name = managed->name;
    if (memories_.contains(name)) return false;
    if (const auto* why = memory_retries_.waits_for(name, pass_begun_)) {
      outcome.give_up(name, *why);
      return true;
    }
    auto memory = ports_.ledger.load(name, stop);
    if (memory) {
      if (!memory->resource_class.empty() && memory->resource_class != name) {
        log::info(
            "the machines were of another class: those that are there serve it until they end",
            {{"resource_class", name}, {"before", memory->resource_class}});
      }
      if (memory->ask_again_at) ports_.demand.hold_off(name, *memory->ask_again_at);
      memories_.emplace(name, std::move(*memory));
      return false;
    }
    memory_retries_.failed(name, memory.error().message, ports_.clock.monotonic());
    outcome.give_up(name, memory.error().message);
    log::error("held: what is remembered cannot be read",
               {{"resource_class", name}, {"error", memory.error().message}});
    return true;
  });
}

Result<void> Loop::list_capacity(const std::stop_token& stop) {
  auto listed = ports_.capacity.list(stop);
  if (!listed) return listed.error().within("listing the instances");
  // Of what cannot be listed now, the last that was known stays.
  std::erase_if(capacity_.live, [&](const auto& instance) {
    return !listed->unreadable.contains(instance.resource_class);
  });
  if (capacity_.live.empty()) {
    capacity_.live = std::move(listed->live);
  } else {
    std::ranges::move(listed->live, std::back_inserter(capacity_.live));
  }
  capacity_.unreadable = std::move(listed->unreadable);
  capacity_.late_listings = std::move(listed->late_listings);
  for (const auto& [name, most] : listed->most) capacity_.most.insert_or_assign(name, most);
  for (auto& [place, failed] : listed->failed_launches) {
    const auto memory = memories_.find(place.resource_class);
    if (memory != memories_.end() && was_told(memory->second, place, failed)) continue;
    log::warn("a launch has failed",
              {{"resource_class", place.resource_class}, {"error", place.said(failed.why)}});
    capacity_.failed_launches[place] = std::move(failed);
  }
  std::unordered_set<std::string_view> managed_names;
  for (const auto& managed : classes_) managed_names.insert(managed.name);
  const auto is_managed = [&](std::string_view name) { return managed_names.contains(name); };
  std::erase_if(listed->ended, [&](const auto& ended) { return is_anothers_news(ended); });
  newly_ours_.clear();
  for (auto& ended : listed->ended) {
    log::info(
        "an instance has ended",
        {{"resource_class", ended.resource_class}, {"instance", ended.id}, {"why", ended.how}});
    if (is_managed(ended.resource_class)) capacity_.ended.push_back(std::move(ended));
  }
  sort_by_class(capacity_);
  std::string_view latest;
  for (const auto& instance : capacity_.live) {
    const auto& name = instance.resource_class;
    if (name == std::exchange(latest, name)) continue;
    if (is_managed(name) || !strange_classes_.insert(name).second) continue;
    log::warn(
        "found instances of a resource class that is not in the configuration; "
        "they are left to end by themselves",
        {{"resource_class", name}});
  }
  return ok();
}

void Loop::tell_of(const std::vector<MixUp>& mix_ups) {
  for (const auto& [instance, launched_for, runs_for] : mix_ups) {
    if (!mixed_up_.insert(launched_for).second) continue;
    log::warn(
        "an instance's runner has registered under another class: give it its own class's token",
        {{"instance", instance}, {"resource_class", launched_for}, {"registered", runs_for}});
  }
}

// Of a class that has just come into our charge the provider may tell what it last saw long ago:
// what another scaler has dealt with since, and forgotten.
bool Loop::is_anothers_news(const EndedInstance& ended) const {
  if (!newly_ours_.contains(ended.resource_class)) return false;
  const auto memory = memories_.find(ended.resource_class);
  return memory == memories_.end() || !(memory->second.first_seen.contains(ended.id) ||
                                        memory->second.expected.contains(ended.id));
}

Observation Loop::look_at(const ManagedClass& managed,
                          const std::map<std::string, ClassDemand>& demand) {
  const auto found = demand.find(managed.name);
  return observe(managed, capacity_, found == demand.end() ? ClassDemand{} : found->second,
                 memories_.at(managed.name), ports_.clock.wall());
}

Result<ClassPass> Loop::decide_for(const ManagedClass& managed, Observation observation,
                                   const std::stop_token& stop) {
  const auto& name = managed.name;
  ClassPass pass{name, std::move(observation.snapshot), {}, observation.ended_unused};
  pass.decision = scaling::decide(pass.snapshot);
  observation.memory.state = state_after(pass);
  if (auto saved = remember(name, std::move(observation.memory), stop); !saved) {
    return saved.error();
  }
  forget_refusals(name);
  const auto told =
      std::ranges::equal_range(capacity_.ended, name, {}, &EndedInstance::resource_class);
  capacity_.ended.erase(told.begin(), told.end());
  if (auto recorded = record_change(pass); !recorded) return recorded.error();
  tell_if_readable_again(pass);
  return pass;
}

Result<void> Loop::remember(const std::string& resource_class, ClassMemory memory,
                            const std::stop_token& stop) {
  auto& known = memories_.at(resource_class);
  if (known == memory) return ok();
  if (auto saved = ports_.ledger.save(resource_class, memory, stop); !saved) return saved;
  known = std::move(memory);
  return ok();
}

Loop::Terms Loop::terms_of(const ClassPass& pass) {
  const auto& [name, snapshot, decision, ended_unused] = pass;
  const bool plan_speaks = std::ranges::find(decision.reasons, scaling::Rule::plan,
                                             &scaling::Reason::rule) != decision.reasons.end();
  return {snapshot.policy, snapshot.schedule, plan_speaks ? snapshot.plan_share : std::nullopt};
}

// Told in the log is only what is decided otherwise, or held for another reason; the record has
// also each change of the queue, as another policy may have made more of it, and of the policy, as
// who explains a decision names its numbers.
Result<void> Loop::record_change(const ClassPass& pass) {
  const auto tasks = known_tasks(pass.snapshot.demand);
  const auto now = ports_.clock.monotonic();
  const auto latest = recorded_.find(pass.resource_class);
  const bool is_first = latest == recorded_.end();
  const bool news = is_first || !looks_the_same(latest->second.decision, pass.decision) ||
                    (now - latest->second.at >= kHoldRetold &&
                     why_held(latest->second.decision) != why_held(pass.decision));
  auto terms = terms_of(pass);
  if (!news && latest->second.tasks == tasks && latest->second.terms == terms) return ok();
  auto recorded = ports_.ledger.record(pass.resource_class, pass.snapshot, pass.decision);
  if (!recorded) return recorded;
  if (news) tell(pass);
  recorded_.insert_or_assign(pass.resource_class,
                             Recorded{tasks, std::move(terms), pass.decision, now});
  return ok();
}

void Loop::tell_if_readable_again(const ClassPass& pass) {
  const auto& name = pass.resource_class;
  const auto& reasons = pass.decision.reasons;
  const auto now = ports_.clock.monotonic();
  const auto hold = std::find_if(reasons.begin(), reasons.end(), scaling::is_hold);
  if (hold != reasons.end()) {
    const bool instances = hold->rule == scaling::Rule::instances_unknown;
    held_since_.try_emplace(name, now).first->second.what =
        instances ? "the instances" : "the queue";
    return;
  }
  const auto held = held_since_.find(name);
  if (held == held_since_.end()) return;
  log::info(fmt::format("{} can be read again", held->second.what),
            {{"resource_class", name}, {"after", humanize(now - held->second.since)}});
  held_since_.erase(held);
}

}  // namespace muster::fleet
