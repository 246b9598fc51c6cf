#pragma once

// Who has asked for work, and when last. Belongs to one thread, inside its transaction.

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "db/database.hpp"
#include "protocol/messages.hpp"
#include "store/changes.hpp"

namespace muster::store {

struct RunnerContact {
  std::string resource_class;
  std::string name;
  std::string hostname;
  std::string ip;
  std::string version;
};

struct RunnerFilter {  // what is set must match
  std::optional<std::string> resource_class;
  std::optional<std::string> of_namespace;
};

class Runners {
 public:
  Runners(db::Database& database, Changes& changes) : db_(&database), changes_(&changes) {}

  void contacted(const RunnerContact& contact, WallTime now);
  // It spoke of its task.
  void heard(const std::string& resource_class, const std::string& name, WallTime now);
  void claimed(const std::string& resource_class, const std::string& name, WallTime now);

  // Those seen in the last 12 hours, as CircleCI's inventory shows them.
  std::vector<protocol::RunnerItem> list(const RunnerFilter& filter, WallTime now);
  // Those heard of in the last minutes, or running a task: what a scaler counts.
  std::vector<protocol::RunnerActivity> activity(const std::string& resource_class, WallTime now);

  // Of those, the ones of other classes than these; 1,000 at most, the latest first.
  std::vector<protocol::OtherRunner> active_elsewhere(const std::vector<std::string>& classes,
                                                      WallTime now);

  void forget_unseen(WallTime now);

 private:
  db::Database* db_;
  Changes* changes_;
};

}  // namespace muster::store
