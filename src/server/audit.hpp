#pragma once

// What a person has changed is written down in the transaction that changes it.

#include <string>
#include <string_view>

#include "server/call.hpp"

namespace muster::server {

// `action` is one of the words of docs/protocol.md. For handlers behind for_person(), or that have
// set call.person themselves.
void note(Call& call, std::string_view action, const std::string& subject,
          const std::string& detail = "");

}  // namespace muster::server
