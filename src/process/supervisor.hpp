#pragma once

// What the program that supervises us, such as systemd, wants to be told (sd_notify(3)).

#include <string_view>

namespace muster::process {

// "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=" and a sentence; several in lines. Does nothing,
// and never fails, where nobody listens: NOTIFY_SOCKET is not set.
void tell_supervisor(std::string_view state);

// Whether somebody listens.
bool is_supervised();

}  // namespace muster::process
