#pragma once

// Everything that the server keeps, in one data directory:
//
//   muster.db   SQLite: classes, tokens, sessions, pipelines, tasks, runners, who changed what, how
//               fleets were
//   output/     a file per step that printed something
//   sources/    a pack per submitted commit
//   uploads/    half-received sources; emptied at start
//
// One thread owns a Store. Its parts are used inside a db::Transaction of its database.

#include <filesystem>
#include <memory>

#include "base/file.hpp"
#include "base/result.hpp"
#include "store/audit.hpp"
#include "store/catalog.hpp"
#include "store/changes.hpp"
#include "store/decision_log.hpp"
#include "store/files.hpp"
#include "store/fleet_history.hpp"
#include "store/pipelines.hpp"
#include "store/queue.hpp"
#include "store/runners.hpp"
#include "store/sessions.hpp"

namespace muster::store {

class Store {
 public:
  // Makes the directory (0700) and what belongs into it, or opens what is there. conflict, if
  // another server has it open or a newer version wrote it.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& directory, Millis lease);

  const std::filesystem::path& directory() const { return directory_; }
  const std::filesystem::path uploads() const { return directory_ / "uploads"; }
  const std::string& organization() const { return organization_; }  // a UUID, made once

  // The service time that earlier servers on this directory have spent.
  ServiceTime service_time();
  void keep_service_time(ServiceTime time);

  void fleet_changed() { changes_.fleets = true; }

  // For what is said of a change: it is true once the transaction is committed, and `say` is
  // forgotten if that is undone. It must not throw, nor touch the database.
  void after_commit(std::function<void()> say) { changes_.after_commit.push_back(std::move(say)); }

  // Room for output or a source of so many bytes; ErrorKind::exhausted if there is none. When that
  // changes it is logged.
  Result<void> check_room(std::uint64_t bytes);

  // Whether changes reach the disk, by one that means nothing, in a transaction of its own.
  Result<void> try_to_write();

  // What changed since it was last asked.
  Changes take_changes() { return std::exchange(changes_, {}); }

  db::Database& database() { return database_; }
  Catalog& catalog() { return catalog_; }
  Sessions& sessions() { return sessions_; }
  Audit& audit() { return audit_; }
  Runners& runners() { return runners_; }
  Queue& queue() { return queue_; }
  Pipelines& pipelines() { return pipelines_; }
  FleetHistory& fleet_history() { return fleet_history_; }
  DecisionLog& decisions() { return decisions_; }
  OutputFiles& outputs() { return outputs_; }
  SourceFiles& sources() { return sources_; }

 private:
  Store(std::filesystem::path directory, UniqueFd lock, db::Database database,
        std::string token_key, std::string organization, Millis lease);

  std::filesystem::path directory_;
  UniqueFd lock_;
  db::Database database_;
  std::string organization_;
  Changes changes_;
  OutputFiles outputs_;
  SourceFiles sources_;
  Catalog catalog_;
  Sessions sessions_;
  Audit audit_;
  Runners runners_;
  Queue queue_;
  Pipelines pipelines_;
  FleetHistory fleet_history_;
  DecisionLog decisions_;
  bool full_ = false;  // as was logged
};

}  // namespace muster::store
