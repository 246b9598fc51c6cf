#include "history/log.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.hpp"
#include "fleet/json.hpp"
#include "fleet/sqlite_ledger.hpp"
#include "history/record.hpp"

namespace muster::history {

namespace {

// A record that was cut off, and one that was appended to it: where the latter begins.
std::size_t appended_to_cut(std::string_view line) {
  const auto at = line.rfind(R"({"version":)");
  if (at == 0 || at == std::string_view::npos) return 0;
  const auto before = read_line(line.substr(0, at));
  return before && before->cut_off ? at : 0;
}

// What there is of it, and whether something of it was cut off.
Result<Line> read_whole(std::string_view line) {
  auto read = read_line(line);
  if (read && !read->cut_off) return read;
  const auto at = appended_to_cut(line);
  if (at == 0) return read;
  auto appended = read_line(line.substr(at));
  if (appended) appended->cut_off = true;
  return appended;
}

// Where the zeros begin that a log ends with; its size, if it does not. A file system may leave
// them in the place of what was written last before the power went.
std::size_t zeros_at_end(std::string_view text) {
  const auto last = text.find_last_not_of(std::string_view("\0 \t\r\n", 5));
  return std::min(text.find('\0', last == std::string_view::npos ? 0 : last + 1), text.size());
}

}  // namespace

Result<LeftOut> read_lines(std::string_view text, const Visit& visit) {
  LeftOut left_out;
  const auto written = zeros_at_end(text);
  const bool has_zeros = written < text.size();
  text = text.substr(0, written);
  const auto in_line = 1 + std::ranges::count(text, '\n');  // the first of the zeros
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const auto where = fmt::format("line {}", number);
    const auto read = read_whole(line);
    if (!read) return read.error().within(where);
    if (read->cut_off) left_out.cut_off.push_back(number);
    left_out.older += read->older;
    for (const auto& record : read->records) visit(record, where);
  }
  if (has_zeros && (left_out.cut_off.empty() || left_out.cut_off.back() != in_line)) {
    left_out.cut_off.push_back(in_line);
  }
  return left_out;
}

Result<LeftOut> read_database(const std::filesystem::path& file, const Visit& visit) {
  auto ledger = fleet::SqliteLedger::open(file, db::Access::read);
  if (!ledger) return ledger.error();
  LeftOut left_out;
  const auto read = ledger->each_decision([&](const fleet::DecisionRow& row) -> Result<void> {
    if (row.version == 0) return ++left_out.older, ok();
    const auto where = fmt::format("decision {}", row.id);
    if (row.version > fleet::kRecordVersion) {
      return Error{ErrorKind::invalid,
                   fmt::format("{} is of version {}, which this muster does not read: use the one "
                               "that wrote it",
                               where, row.version)};
    }
    const auto record = read_record(row.resource_class, row.snapshot, row.decision);
    if (!record) return record.error().within(where);
    visit(*record, where);
    return ok();
  });
  if (!read) return read.error().within(file.string());
  return left_out;
}

bool is_database(std::string_view beginning) {
  constexpr std::string_view kMagic{"SQLite format 3\0", 16};
  return beginning.starts_with(kMagic);
}

}  // namespace muster::history
