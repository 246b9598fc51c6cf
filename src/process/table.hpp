#pragma once

// The system's process table, read from /proc.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace muster::process {

struct TableEntry {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  std::uint64_t start_ticks = 0;  // since boot
  bool zombie = false;            // all of it has ended, and it is not yet reaped
};

// From the text of /proc/PID/stat. Nothing if it is malformed.
std::optional<TableEntry> parse_stat(std::string_view text);

// Nothing if there is no such process.
std::optional<TableEntry> read_entry(pid_t pid);

// Every process, each read at its own moment.
std::vector<TableEntry> read_table();

}  // namespace muster::process
