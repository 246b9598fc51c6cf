#pragma once

// The Ledger in a SQLite file. The newest kMostDecisions decisions are kept.

#include <filesystem>

#include "db/database.hpp"
#include "fleet/ledger.hpp"

namespace muster::fleet {

class SqliteLedger final : public Ledger {
 public:
  static constexpr std::int64_t kMostDecisions = 10'000;

  static Result<SqliteLedger> open(const std::filesystem::path& file,
                                   db::Access access = db::Access::read_write);

  Result<ClassMemory> load(const std::string& resource_class, const std::stop_token& stop) override;
  bool may_wait() const override { return false; }
  Result<void> save(const std::string& resource_class, const ClassMemory& memory,
                    const std::stop_token& stop) override;
  Result<void> record(const std::string& resource_class, const scaling::Snapshot& snapshot,
                      const scaling::Decision& decision) override;

 private:
  explicit SqliteLedger(db::Database database) : database_(std::move(database)) {}
  db::Database database_;
};

}  // namespace muster::fleet
