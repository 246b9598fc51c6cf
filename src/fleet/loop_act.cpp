// The loop's part that carries out what was decided.

#include <algorithm>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/some_of.hpp"
#include "base/stop_after.hpp"
#include "base/text.hpp"
#include "fleet/loop.hpp"

namespace muster::fleet {

namespace {

constexpr std::size_t kMostNamed = 10;  // hundreds may come at once

// Of an error that does not tell whether it was done all the same.
bool is_doubtful(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout;
}

void note_decision(const ClassPass& pass, PassOutcome& outcome) {
  const auto& reasons = pass.decision.reasons;
  if (const auto hold = std::ranges::find_if(reasons, scaling::is_hold); hold != reasons.end()) {
    outcome.held = true;
    outcome.note(pass.resource_class, hold->detail);
  }
  if (const auto at = pass.decision.revisit_at) {
    outcome.revisit_at = std::min(outcome.revisit_at.value_or(*at), *at);
  }
}

}  // namespace

bool ClassPass::has(Act act) const {
  if (act == Act::end) return !decision.drain.empty() || !decision.reap.empty();
  return decision.launch > 0 || decision.withdraw > 0;
}

// Empty: it was not. What we have given up ourselves nobody has refused. An answer that was lost
// may have been a yes: the next pass sees what was launched, and only a group that goes on so is
// taken for short.
std::string Loop::why_refused(const Share& share, const Launched& launched) {
  constexpr std::size_t kLongest = 300;
  constexpr int kDoubts = 3;
  if (!launched) {
    const auto& error = launched.error();
    if (error.kind == ErrorKind::cancelled) return "";
    if (is_doubtful(error) && ++doubts_[share.place] < kDoubts) return "";
    doubts_.erase(share.place);
    return printable(error.message, kLongest);
  }
  doubts_.erase(share.place);
  const auto many = std::ssize(*launched);
  return many < share.launch ? fmt::format("it launched {} of {}", many, share.launch) : "";
}

std::vector<Loop::Share> Loop::shares_of(const ClassPass& pass) {
  const auto& [name, snapshot, decision, ended_unused] = pass;
  if (snapshot.groups.empty()) return {{{name}, decision.launch, decision.withdraw}};
  std::vector<Share> shares;
  for (const auto& [group, launch, withdraw] : decision.places) {
    shares.push_back({{name, group}, launch, withdraw});
  }
  return shares;
}

// Null: it is tried, if there is anything to do.
const std::string* Loop::why_not_tried(Act act, const ClassPass& pass) const {
  if (!pass.has(act)) return nullptr;
  return act_retries_.at(act).waits_for(pass.resource_class, pass_begun_);
}

// Of what is decided while the class waits for its retry nothing is done, and so nothing is used
// up: a rate would else be spent on what nobody was asked for.
scaling::State Loop::state_after(const ClassPass& pass) const {
  const auto& before = pass.snapshot.state;
  const auto& decision = pass.decision;
  auto state = decision.next;
  if (decision.launch > 0 && why_not_tried(Act::resize, pass)) state.launches = before.launches;
  if (!why_not_tried(Act::end, pass)) return state;
  if (!decision.reap.empty()) state.reaped_at = before.reaped_at;
  if (!decision.drain.empty()) {
    state.drains = before.drains;
    state.surplus = before.surplus;
  }
  return state;
}

// A class of which something was refused is tried again after a pause of its own; the others go on.
void Loop::carry_out(const std::vector<ClassPass>& passes, PassOutcome& outcome,
                     const std::stop_token& stop) {
  const auto each = [&](Act act, auto carry_out) {
    for (const auto& pass : passes) {
      if (const auto* why = why_not_tried(act, pass)) {
        outcome.give_up(pass.resource_class, *why);
      } else {
        carry_out(pass);
      }
    }
  };
  each(Act::end, [&](const ClassPass& pass) { end_in(pass, outcome, stop); });
  each(Act::resize, [&](const ClassPass& pass) { resize(pass, outcome, stop); });
  for (const auto& pass : passes) {
    note_decision(pass, outcome);
    for (const auto act : {Act::end, Act::resize}) settle(act, pass.resource_class, outcome);
  }
}

// One with nothing to do waits on, lest a queue that goes up and down makes it be tried each time.
void Loop::settle(Act act, const std::string& resource_class, const PassOutcome& outcome) {
  auto& retries = act_retries_.at(act);
  if (retries.waits_for(resource_class, pass_begun_)) return;
  const auto refused = outcome.refused.find({act, resource_class});
  if (refused == outcome.refused.end()) return retries.forget(resource_class);
  retries.failed(resource_class, refused->second, ports_.clock.monotonic());
}

// Before anything that may take long.
void Loop::end_in(const ClassPass& pass, PassOutcome& outcome, const std::stop_token& stop) {
  const auto& name = pass.resource_class;
  for (const auto& id : pass.decision.drain) {
    if (may_act(name, outcome, stop)) drain(name, id, outcome, stop);
  }
  for (const auto& id : pass.decision.reap) {
    if (is_fresh() && may_act(name, outcome, stop)) reap(name, id, outcome, stop);
  }
}

void Loop::resize(const ClassPass& pass, PassOutcome& outcome, const std::stop_token& stop) {
  const auto& name = pass.resource_class;
  const auto shares = shares_of(pass);
  for (const auto& share : shares) {
    if (share.withdraw > 0 && may_act(name, outcome, stop)) withdraw(share, outcome, stop);
  }
  for (const auto& share : shares) {
    if (share.launch > 0 && may_act(name, outcome, stop)) launch(pass, share, outcome, stop);
  }
}

// Whether one may be ended by what was read: other calls may have taken long meanwhile, and an idle
// one a task. The next pass reads again.
bool Loop::is_fresh() const {
  constexpr Millis kOldest = std::chrono::seconds(10);
  return ports_.clock.monotonic() - read_begun_ < kOldest;
}

// Asked before each call, as each may take long. A charge that has run out in a long pass is taken
// up again if nobody had it meanwhile: then what was decided still holds.
bool Loop::may_act(const std::string& resource_class, PassOutcome& outcome,
                   const std::stop_token& stop) {
  if (stop.stop_requested()) return outcome.give_up(resource_class, kPassOver), false;
  auto& ledger = ports_.ledger;
  if (ledger.in_charge(resource_class)) return true;
  const auto charges = ledger.take_charge({resource_class}, stop);
  const auto found = charges.find(resource_class);
  const bool kept = found == charges.end() || found->second.kind == Charge::Kind::ours;
  if (kept && ledger.in_charge(resource_class)) return true;
  memories_.erase(resource_class);
  constexpr auto kLost =
      "the pass took longer than the lease, and another scaler may be in charge now: nothing more "
      "was done; the next pass goes on";
  outcome.give_up(resource_class, kLost);
  log::warn(kLost, {{"resource_class", resource_class}});
  return false;
}

void Loop::drain(const std::string& resource_class, const std::string& id, PassOutcome& outcome,
                 const std::stop_token& stop) {
  if (auto drained = ports_.capacity.drain(id, stop)) {
    outcome.acted = true;
  } else {
    outcome.refuse(Act::end, resource_class, drained.error().message);
    log::warn("cannot drain an instance", {{"instance", id}, {"error", drained.error().message}});
  }
}

// Asked for again in each pass until it is gone, and so no reason to look again soon.
void Loop::reap(const std::string& resource_class, const std::string& id, PassOutcome& outcome,
                const std::stop_token& stop) {
  if (auto reaped = ports_.capacity.reap(id, stop); !reaped) {
    outcome.refuse(Act::end, resource_class, reaped.error().message);
    log::warn("cannot end an instance", {{"instance", id}, {"error", reaped.error().message}});
  }
}

void Loop::withdraw(const Share& share, PassOutcome& outcome, const std::stop_token& stop) {
  const auto& name = share.place.resource_class;
  const auto withdrawn = ports_.capacity.withdraw(share.place, share.withdraw, stop);
  if (!withdrawn) {
    const auto why = share.place.said(withdrawn.error().message);
    outcome.refuse(Act::resize, name, why);
    log::warn("cannot withdraw launches", {{"resource_class", name}, {"error", why}});
  }
}

void Loop::launch(const ClassPass& pass, const Share& share, PassOutcome& outcome,
                  const std::stop_token& stop) {
  const auto& name = pass.resource_class;
  const auto launched = ports_.capacity.launch(share.place, share.launch, stop);
  outcome.acted |= launched.has_value();
  ports_.observer.launched({share.place, share.launch, launched ? std::ssize(*launched) : 0,
                            ports_.clock.monotonic() - read_begun_});
  if (!launched) {
    const auto why = share.place.said(launched.error().message);
    outcome.refuse(Act::resize, name, why);
    log::warn("cannot launch", {{"resource_class", name}, {"error", why}});
  }
  if (launched && !launched->empty()) {
    log::info("launched " + count_of(std::ssize(*launched), "instance"),
              {{"resource_class", name},
               {launched->size() == 1 ? "instance" : "instances", some_of(*launched, kMostNamed)},
               {"why", describe(pass.decision.reasons)}});
  }
  if (launched && std::ssize(*launched) > share.launch) {
    log::warn("more instances were launched than asked for: correct what launches them",
              {{"resource_class", name}, {"asked_for", std::to_string(share.launch)}});
  }
  note_launched(share, launched, outcome);
}

// What could not be launched is told to the next decision, which then backs off (S4); not so what
// nobody took on, or we have ourselves given up: that is tried again soon. Written down even when
// the pass is being given up. Of several groups another one takes what this one did not, whatever
// the reason.
void Loop::note_launched(const Share& share, const Launched& launched, PassOutcome& outcome) {
  const auto& [name, group] = share.place;
  const auto ids = launched.value_or(std::vector<std::string>());
  auto memory = memories_.at(name);
  for (const auto& id : ids) memory.expected.insert_or_assign(id, ports_.clock.wall());
  const auto failed = launched ? std::max<std::int64_t>(share.launch - std::ssize(ids), 0) : 0;
  if (group.empty()) memory.failed_launches = failed;
  const auto why = group.empty() ? "" : why_refused(share, launched);
  if (!why.empty()) memory.refused.insert_or_assign(group, why);
  outcome.fell_short |= failed > 0;
  if (outcome.fell_short) outcome.note(name, "fewer were launched than decided");
  std::optional<StopAfter> last_moment;
  if (ports_.ledger.may_wait()) last_moment.emplace(kLastWrite);
  const auto over = last_moment ? last_moment->token() : std::stop_token();
  if (auto saved = remember(name, std::move(memory), over); !saved) {
    outcome.refuse(Act::resize, name, saved.error().message);
    log::warn("cannot remember what was launched",
              {{"resource_class", name}, {"error", saved.error().message}});
  }
}

}  // namespace muster::fleet
