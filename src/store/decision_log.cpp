#include "store/decision_log.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "protocol/json.hpp"

namespace muster::store {
namespace {

constexpr std::size_t kMostOfAClass = 1'000;
constexpr std::int64_t kLongestKept = 32 * 86'400;  // seconds that one is kept
constexpr std::size_t kMostReasons = 30;
constexpr std::size_t kLongestReason = 500;
constexpr std::int64_t kBite = 1'000;

void shorten(std::vector<std::string>& reasons) {
  if (reasons.size() > kMostReasons) reasons.resize(kMostReasons);
  for (auto& reason : reasons) reason = printable(reason, kLongestReason);
}

}  // namespace

DecisionLog::DecisionLog(db::Database& database, Changes& changes)
    : db_(&database), changes_(&changes) {
  auto rows = db_->query("SELECT coalesce(max(id), 0) FROM fleet_decision");
  if (rows.next()) next_id_ = rows.integer(0) + 1;
}

bool DecisionLog::is_known(const std::string& resource_class, WallTime at) {
  if (const auto waiting = unkept_.find(resource_class); waiting != unkept_.end()) {
    const auto same = [at](const auto& decision) { return decision.at == at; };
    if (std::ranges::any_of(waiting->second, same)) return true;
  }
  return db_
      ->query("SELECT 1 FROM fleet_decision WHERE resource_class = ? AND at = ?", resource_class,
              at)
      .next();
}

void DecisionLog::add(const std::string& resource_class,
                      const std::vector<protocol::FleetDecision>& made) {
  for (const auto& decision : made) {
    if (is_known(resource_class, decision.at)) continue;
    auto& waiting = unkept_[resource_class];
    if (waiting.size() == kMostOfAClass) waiting.pop_front();
    auto& added = waiting.emplace_back(decision);
    added.id = next_id_++;
    shorten(added.reasons);
  }
}

std::vector<protocol::FleetDecision> DecisionLog::items(const std::string& resource_class,
                                                        std::int64_t limit,
                                                        std::optional<std::int64_t> before) {
  auto end = before.value_or(std::numeric_limits<std::int64_t>::max());
  std::vector<protocol::FleetDecision> items;
  if (const auto waiting = unkept_.find(resource_class); waiting != unkept_.end()) {
    for (auto it = waiting->second.rbegin(); it != waiting->second.rend(); ++it) {
      if (*it->id >= end) continue;
      if (std::ssize(items) < limit) items.push_back(*it);
    }
    end = std::min(end, *waiting->second.front().id);  // they may be written, and not committed
  }
  for (auto rows = db_->query("SELECT id, decision FROM fleet_decision WHERE resource_class = ? "
                              "AND id < ? ORDER BY id DESC LIMIT ?",
                              resource_class, end, limit - std::ssize(items));
       rows.next();) {
    auto decision = protocol::from_json<protocol::FleetDecision>(rows.text(1));
    if (!decision) throw db::Failure(decision.error().within("the log of decisions"));
    decision->id = rows.integer(0);
    items.push_back(*std::move(decision));
  }
  return items;
}

void DecisionLog::keep() {
  if (unkept_.empty()) return;
  for (const auto& [name, waiting] : unkept_) {
    for (const auto& decision : waiting) {
      db_->execute("INSERT OR IGNORE INTO fleet_decision VALUES (?, ?, ?, ?)", *decision.id, name,
                   decision.at, protocol::to_json(decision));
    }
    db_->execute(
        "DELETE FROM fleet_decision WHERE resource_class = ?1 AND id <= (SELECT id FROM "
        "fleet_decision WHERE resource_class = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        name, static_cast<std::int64_t>(kMostOfAClass));
  }
  changes_->after_commit.emplace_back([this, end = next_id_] {
    for (auto& [name, waiting] : unkept_) {
      std::erase_if(waiting, [end](const auto& decision) { return *decision.id < end; });
    }
    std::erase_if(unkept_, [](const auto& one) { return one.second.empty(); });
  });
}

void DecisionLog::forget(const std::string& resource_class) {
  unkept_.erase(resource_class);
  db_->execute("DELETE FROM fleet_decision WHERE resource_class = ?", resource_class);
}

void DecisionLog::forget_old(WallTime now) {
  db_->execute(
      "DELETE FROM fleet_decision WHERE id IN "
      "(SELECT id FROM fleet_decision WHERE at <= ? LIMIT ?)",
      now - std::chrono::seconds(kLongestKept), kBite);
}

}  // namespace muster::store
