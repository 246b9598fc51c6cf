#pragma once

// Who has asked for work, when last, and who is to ask no more. Belongs to one thread, inside its
// transaction.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
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

  // conflict, if it is new and its class has as many as it may.
  Result<void> contacted(const RunnerContact& contact, WallTime now);
  // It spoke of its task.
  void heard(const std::string& resource_class, const std::string& name, WallTime now);
  void claimed(const std::string& resource_class, const std::string& name, WallTime now);

  // It takes no further task from now on, and nobody of its name does, while it is known. Whether
  // that is new. not_found, if it is not known, or was removed.
  Result<bool> drain(const std::string& resource_class, const std::string& name);
  // Nobody sees it any more. Whether that is new. not_found, if it is not known; conflict, if it
  // runs a task, or may take one. One that was drained and heard of in the last minutes is kept
  // out of sight until it has been silent for as long, so that its next claim is no newcomer's.
  Result<bool> remove(const std::string& resource_class, const std::string& name, WallTime now);
  // Was drained, or removed.
  bool is_leaving(const std::string& resource_class, const std::string& name);

  // Those seen in the last 12 hours and not removed, as CircleCI's inventory shows them, as far as
  // they are kept.
  std::vector<protocol::RunnerItem> list(const RunnerFilter& filter, WallTime now);
  // Those heard of in the last minutes, or running a task: what a scaler counts.
  std::vector<protocol::RunnerActivity> activity(const std::string& resource_class, WallTime now);

  // Of those, the ones of other classes than these; 1,000 at most, the latest first.
  std::vector<protocol::OtherRunner> active_elsewhere(const std::vector<std::string>& classes,
                                                      WallTime now);

  // How many of each class were heard of in the last minutes.
  std::map<std::string, std::int64_t> active(WallTime now);

  // Keeps those of the last 12 hours. Of a class with very many, and of those that were removed,
  // those of the last minutes.
  void forget_unseen(WallTime now);

  // After a transaction was undone: what was counted in it may never have been.
  void count_anew() { crowds_.clear(); }

 private:
  struct Crowd {
    std::int64_t size = 0;  // never less than there are
    WallTime counted;
  };
  Result<void> join_crowd(const std::string& resource_class, WallTime now);
  struct Standing {
    bool drained = false, removed = false, busy = false, active = false;
  };
  Result<Standing> standing(const std::string& resource_class, const std::string& name,
                            WallTime now);
  void set_leaving(const std::string& resource_class, const std::string& name,
                   std::string_view how);
  void forget(const std::optional<std::string>& resource_class, WallTime unseen_since);

  db::Database* db_;
  Changes* changes_;
  std::map<std::string, Crowd> crowds_;  // by class
};

}  // namespace muster::store
