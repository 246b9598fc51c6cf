#pragma once

// How often the databases of this process have waited for the disk. Any thread.

#include <cstdint>

namespace muster::db {

// Calls of fsync on a database or its log: with `synchronous = FULL` one for each transaction that
// has written something, and some for each checkpoint.
std::uint64_t sync_count();

// The name of the SQLite VFS whose files are counted: the usual one otherwise.
const char* counting_vfs();

}  // namespace muster::db
