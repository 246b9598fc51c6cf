#include "store/past_tasks.hpp"

#include "db/database.hpp"
#include "store/schema.hpp"

namespace muster::store {

Result<void> each_task(const std::filesystem::path& data_directory,
                       const std::function<Result<void>(const TaskTimes&)>& visit) {
  const auto file = data_directory / "muster.db";
  auto database = db::Database::open(file, migrations(), db::Access::read);
  if (!database) return database.error();
  try {
    auto rows = database->query("SELECT resource_class, queued_at, started_at, ended_at FROM task");
    while (rows.next()) {
      const TaskTimes times{rows.text(0), rows.optional_time(1), rows.optional_time(2),
                            rows.optional_time(3)};
      if (auto visited = visit(times); !visited) return visited;
    }
  } catch (const db::Failure& failure) {
    return failure.error().within(file.string());
  }
  return ok();
}

}  // namespace muster::store
