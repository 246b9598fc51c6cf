#include "process/table.hpp"

#include <charconv>
#include <filesystem>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::process {

std::optional<TableEntry> parse_stat(std::string_view text) {
  // "PID (NAME) STATE PPID ...": the name may hold anything, blanks and parentheses included.
  const auto open = text.find(" (");
  const auto close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  const auto fields = split(text.substr(close + 2), ' ');
  constexpr std::size_t kState = 0;
  constexpr std::size_t kParent = 1;
  constexpr std::size_t kGroup = 2;
  constexpr std::size_t kSession = 3;
  constexpr std::size_t kThreads = 17;
  constexpr std::size_t kStartTime = 19;  // field 22 of the line
  if (fields.size() <= kStartTime) return std::nullopt;
  const auto pid = parse_int(text.substr(0, open));
  const auto parent = parse_int(fields[kParent]);
  const auto group = parse_int(fields[kGroup]);
  const auto session = parse_int(fields[kSession]);
  const auto start = parse_int(fields[kStartTime]);
  if (!pid || !parent || !group || !session || !start) return std::nullopt;
  // While others of its threads run, one whose first has ended looks like a zombie, too.
  const bool ended = fields[kState] == "X" || (fields[kState] == "Z" && fields[kThreads] == "1");
  return TableEntry{static_cast<pid_t>(*pid),           static_cast<pid_t>(*parent),
                    static_cast<pid_t>(*group),         static_cast<pid_t>(*session),
                    static_cast<std::uint64_t>(*start), ended};
}

std::optional<TableEntry> read_entry(pid_t pid) {
  constexpr std::uint64_t kLongestStat = 4096;
  const auto text = read_file(fmt::format("/proc/{}/stat", pid), kLongestStat);
  if (!text) return std::nullopt;
  return parse_stat(*text);
}

std::vector<TableEntry> read_table() {
  std::vector<TableEntry> table;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry("/proc", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const auto pid = parse_int(entry->path().filename().string());
    if (!pid) continue;
    if (auto found = read_entry(static_cast<pid_t>(*pid))) table.push_back(*found);
  }
  return table;
}

}  // namespace muster::process
