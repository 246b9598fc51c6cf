#include "store/audit.hpp"

#include <limits>

#include "base/text.hpp"

namespace muster::store {
namespace {

constexpr std::int64_t kMostDeeds = 100'000;
constexpr std::int64_t kLongestDeed = 400 * 86'400;  // seconds that one is kept

}  // namespace

void Audit::add(const Deed& deed, WallTime now) {
  db_->execute(
      "INSERT INTO audit (at, actor, token_id, address, action, subject, detail) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      now, printable(deed.actor), deed.token_id, printable(deed.address), deed.action,
      printable(deed.subject), printable(deed.detail));
  db_->execute("DELETE FROM audit WHERE id <= ?", db_->last_insert_id() - kMostDeeds);
}

std::vector<protocol::AuditItem> Audit::items(std::int64_t limit,
                                              std::optional<std::int64_t> before) {
  std::vector<protocol::AuditItem> items;
  for (auto rows =
           db_->query("SELECT id, at, actor, token_id, address, action, subject, detail FROM audit "
                      "WHERE id < ? ORDER BY id DESC LIMIT ?",
                      before.value_or(std::numeric_limits<std::int64_t>::max()), limit);
       rows.next();) {
    items.push_back({rows.integer(0), rows.time(1), rows.text(2), rows.text(3), rows.text(4),
                     rows.text(5), rows.text(6), rows.text(7)});
  }
  return items;
}

void Audit::forget_old(WallTime now) {
  db_->execute("DELETE FROM audit WHERE at <= ?", now - std::chrono::seconds(kLongestDeed));
}

}  // namespace muster::store
