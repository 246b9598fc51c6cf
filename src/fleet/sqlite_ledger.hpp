#pragma once

// The Ledger in a SQLite file, and its decisions for those who read them.

#include <filesystem>
#include <functional>

#include "db/database.hpp"
#include "fleet/ledger.hpp"

namespace muster::fleet {

// How many decisions are kept, the newest: no more than `rows`, and no more than fit into a file of
// so many bytes. The latest of each class stays for as long as the file does.
struct DecisionBounds {
  std::int64_t rows = 50'000;
  std::int64_t bytes = 256 << 20;
};

// A decision as it lies in the file.
struct DecisionRow {
  std::int64_t id = 0;       // grows with time
  std::int64_t version = 0;  // kRecordVersion of who wrote it; 0: of before there was one
  std::string resource_class;
  std::string snapshot;  // JSON
  std::string decision;  // JSON
};

class SqliteLedger final : public Ledger {
 public:
  static Result<SqliteLedger> open(const std::filesystem::path& file,
                                   db::Access access = db::Access::read_write,
                                   DecisionBounds bounds = {});

  Result<ClassMemory> load(const std::string& resource_class, const std::stop_token& stop) override;
  bool may_wait() const override { return false; }
  Result<void> save(const std::string& resource_class, const ClassMemory& memory,
                    const std::stop_token& stop) override;
  Result<void> record(const std::string& resource_class, const scaling::Snapshot& snapshot,
                      const scaling::Decision& decision) override;

  // Each decision, the oldest first, as they are now: what is recorded meanwhile is not among them.
  // Ends with the first error that `visit` gives.
  Result<void> each_decision(const std::function<Result<void>(const DecisionRow&)>& visit);

 private:
  SqliteLedger(db::Database database, DecisionBounds bounds)
      : database_(std::move(database)), bounds_(bounds) {}
  void keep_bounds();

  db::Database database_;
  DecisionBounds bounds_;
};

}  // namespace muster::fleet
