#pragma once

// Descriptors, and ids of processes, over a socket (unix(7)). Blocking.

#include <sys/types.h>

#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace muster::agent {

// Two ends that keep the bounds of messages. Of what comes to the first its sender is known.
Result<std::pair<UniqueFd, UniqueFd>> make_message_sockets();

Result<void> send_descriptors(int socket, std::initializer_list<int> descriptors);

// Of one message; closed on exec. Nothing once the other end is closed.
std::optional<std::vector<UniqueFd>> receive_descriptors(int socket);

// Who has sent the next message, as the kernel tells it to us, in whatever PID namespace that one
// is. Nothing if none comes in time, or the other end is closed.
std::optional<pid_t> receive_sender(int socket, Millis patience);

}  // namespace muster::agent
