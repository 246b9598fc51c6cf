#pragma once

// Who has changed what, and when. A row is written in the transaction that makes the change, and is
// never changed itself. Belongs to one thread; storage failures are thrown as db::Failure.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/database.hpp"
#include "protocol/messages.hpp"

namespace muster::store {

struct Deed {
  std::string actor;  // as people call it; its token may be gone later
  std::string token_id;
  std::string address;  // that it was asked from
  std::string action;   // "token.revoked"
  std::string subject;  // name or id of what was changed
  std::string detail;
};

class Audit {
 public:
  explicit Audit(db::Database& database) : db_(&database) {}

  // Names that come from outside are made one printable line. The oldest make room.
  void add(const Deed& deed, WallTime now);
  // The newest first; those before the item of that id.
  std::vector<protocol::AuditItem> items(std::int64_t limit, std::optional<std::int64_t> before);
  void forget_old(WallTime now);

 private:
  db::Database* db_;
};

}  // namespace muster::store
