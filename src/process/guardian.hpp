#pragma once

// A guardian: a process that does nothing but see to it that no process outlives another.
//
//   guardian ── worker ── whatever the worker starts
//
// If the worker is killed, all that descends from it becomes the guardian's, who ends it. If the
// guardian is killed, the worker hears of it and can end its work in order. Only both being killed
// in the same moment leaves something behind.

#include <functional>

#include "base/file.hpp"
#include "base/result.hpp"

namespace muster::process {

// Splits this process in two: it becomes the guardian, and `work` runs in a child, the worker, in
// a session of its own. Before any other thread starts.
//
// The worker reads from the descriptor, which does not block: a byte for each SIGTERM or SIGINT
// that the guardian gets, and its end once the guardian is dead. It gets no such signals itself.
//
// Returns in both: in the worker what `work` returned, in the guardian that code again, or 128 +
// the signal that killed the worker. What the worker left running has ended then.
Result<int> run_guarded(const std::function<int(UniqueFd guardian)>& work);

}  // namespace muster::process
