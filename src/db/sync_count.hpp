#pragma once

// How often the databases of this process have waited for the disk. Any thread.

#include <cstdint>

namespace muster::db {

// Calls of fsync on a database or its log: with `synchronous = FULL` one for each transaction that
// has written something, and some for each checkpoint.
std::uint64_t sync_count();

// Of every database that is opened from now on: SQLite's default VFS is then one that counts.
void count_syncs();

}  // namespace muster::db
