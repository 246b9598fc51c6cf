#pragma once

// Rows of a CSV text, each with its line, read strictly: what is not whole and plain is refused.
// Pure. The only file that knows the library.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace muster::study {

struct CsvRow {
  std::int64_t line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
};

// "line 7: the duration is missing"
Error at_line(std::int64_t line, std::string_view why);

// Hands over row after row, until one is refused. Empty lines are left out, as is a byte-order
// mark. An error names the line.
Result<void> read_csv(std::string_view text,
                      const std::function<Result<void>(const CsvRow&)>& take);

}  // namespace muster::study
