#pragma once

// The variables of this process that hold secrets.

#include <string>

namespace muster {

// Removes the variable. Overwrites its value first: what was there when this program was started is
// shown in /proc/PID/environ to root and to who is the same user, also once it is no variable any
// more. While there is one thread.
void forget_variable(const std::string& name);

}  // namespace muster
