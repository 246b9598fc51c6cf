#pragma once

// Whose certificates an HTTPS server may have: the system's, in the form that costs least.

#include <filesystem>

namespace muster::net {

// Whether OpenSSL finds a certificate in `directory` by its name ("5f618aec.0"), and so reads only
// the one that it needs. Such names are made by c_rehash and by Debian's update-ca-certificates.
bool has_hashed_names(const std::filesystem::path& directory);

}  // namespace muster::net
