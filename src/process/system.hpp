#pragma once

// System calls that glibc 2.36 wraps badly or not at all, and waiting on a descriptor.

#include <sys/types.h>

#include <cstddef>

#include "base/file.hpp"
#include "base/time.hpp"

namespace muster::process {

// Empty, with errno set, if there is no such process.
UniqueFd open_pidfd(pid_t pid);

// Does nothing if the process has ended: unlike an id, a pidfd never means another process.
void send_signal(int pidfd, int number);

// True once `fd` is readable or closed at the other end; false when `patience` is over.
// An interruption by a signal does not end the wait.
bool wait_readable(int fd, Millis patience);

// How many files this process may have open, which is first raised to the most that it may have
// without special rights.
std::size_t raise_open_files();

}  // namespace muster::process
