#pragma once

// The address of a server as people write it. Pure.

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace muster::net {

// "ci.example:8480/" becomes "https://ci.example:8480": without a scheme it is http on this machine
// and https elsewhere, as a token goes there. A user, path, query or fragment is refused, and not
// quoted: it may be secret. The error fits behind "URL: ".
Result<std::string> server_url(std::string_view written);

// The same of a server that is sent a token which whoever reads it could use: http to another
// machine is refused.
Result<std::string> private_server_url(std::string_view written);

}  // namespace muster::net
