#pragma once

// What a scaler has recorded of its decisions, read again. Pure and total: whatever the text is, it
// is one of these, or an error that names the member, such as "snapshot.policy.max: …".
//
// As fleet/json.hpp writes it, and nothing else: a member that is unknown, or of another type, or a
// number that cannot be, is refused. Members that later versions of the writer have added may be
// missing. docs/replay.md documents them.

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fleet/loop.hpp"

namespace muster::history {

// Of one record. A snapshot with 10,000 instances has a tenth of it.
inline constexpr std::size_t kLongestRecord = 16 << 20;

// As a database keeps it.
Result<fleet::ClassPass> read_record(std::string_view resource_class, std::string_view snapshot,
                                     std::string_view decision);

struct Line {
  std::vector<fleet::ClassPass> records;
  std::int64_t older = 0;  // records of before they had a version: they lack what is needed
  bool cut_off = false;    // it ends before its JSON does, and so there are none
};
// One record, or an array of them, as `muster plan --json` prints.
Result<Line> read_line(std::string_view text);

}  // namespace muster::history
