#include "demand/untold.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "protocol/json.hpp"

namespace muster::demand {
namespace {

constexpr std::size_t kMostReasons = 30;
constexpr std::size_t kLongestReason = 500;

protocol::FleetDecision decision_of(const fleet::ClassPass& pass) {
  const auto& decision = pass.decision;
  protocol::FleetDecision told;
  told.at = pass.snapshot.now;
  told.desired = decision.desired;
  told.live = decision.counts.live();
  if (const auto* queue = std::get_if<scaling::DemandReading>(&pass.snapshot.demand)) {
    told.unclaimed = queue->unclaimed;
    told.running = queue->running;
  }
  told.launch = decision.launch;
  told.drain = std::ssize(decision.drain);
  told.end = std::ssize(decision.reap);
  told.withdraw = decision.withdraw;
  for (const auto& reason : decision.reasons) {
    if (told.reasons.size() == kMostReasons) break;
    told.reasons.push_back(printable(describe(reason), kLongestReason));
  }
  return told;
}

}  // namespace

bool Untold::add(const fleet::ClassPass& pass) {
  const auto& name = pass.resource_class;
  auto decision = decision_of(pass);
  const auto before = latest_.find(name);
  const bool is_news = before == latest_.end() || pass.acts() ||
                       before->second.desired != decision.desired ||
                       before->second.reasons != decision.reasons;
  if (!is_news) return false;
  latest_.insert_or_assign(name, decision);
  make_room(name);
  waiting_.push_back({++count_, name, std::move(decision)});
  return true;
}

void Untold::make_room(const std::string& resource_class) {
  const auto is_its = [&](const Waiting& one) { return one.resource_class == resource_class; };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(waiting_, is_its));
  if (count >= protocol::kMostDecisions) waiting_.erase(std::ranges::find_if(waiting_, is_its));
}

std::uint64_t Untold::put_into(protocol::FleetReport& report, std::size_t bytes) const {
  std::map<std::string, protocol::ClassFleet*> classes;
  for (auto& fleet : report.classes) classes.emplace(fleet.resource_class, &fleet);
  std::uint64_t mark = 0;
  for (const auto& [number, name, decision] : waiting_) {
    const auto found = classes.find(name);
    if (found != classes.end()) {
      const auto size = protocol::to_json(decision).size() + 1;
      if (size > bytes) break;
      bytes -= size;
      auto& decisions = found->second->decisions;
      if (!decisions) decisions.emplace();
      decisions->push_back(decision);
    }
    mark = number;
  }
  return mark;
}

void Untold::told(std::uint64_t mark) {
  while (!waiting_.empty() && waiting_.front().number <= mark) waiting_.pop_front();
}

}  // namespace muster::demand
