#pragma once

// A log of decisions, record by record: a scaler's database, or lines of JSON.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fleet/loop.hpp"

namespace muster::history {

// What was left out of a log.
struct LeftOut {
  std::int64_t older = 0;  // records of before they had a version: they lack what is needed
  // Lines with a record that ends before it should, as where a disk was full or a writer was
  // killed: their numbers. What was appended to it, on that line or the next ones, is read. So is
  // the line in which the zeros begin that a log may end with after a power cut.
  std::vector<std::int64_t> cut_off;
};

// `where` names it: "line 3", "decision 17". In the order of the log; valid during the call.
using Visit = std::function<void(const fleet::ClassPass& record, const std::string& where)>;

// Lines of JSON. Empty ones are none. A line that is no record ends it with its number and why: so
// whoever must not do things by halves keeps what was visited until all is read. Pure.
Result<LeftOut> read_lines(std::string_view text, const Visit& visit);

// The scaler.db of a scaler, which may be at work. Nothing is written.
Result<LeftOut> read_database(const std::filesystem::path& file, const Visit& visit);

// Whether these are the first bytes of a database.
bool is_database(std::string_view beginning);

}  // namespace muster::history
