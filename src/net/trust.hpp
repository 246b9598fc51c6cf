#pragma once

// Whose certificates an HTTPS server may have: those that a person names, or those that were packed
// with the program, and the system's, in the form that costs least.

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace muster::net {

// Whether OpenSSL finds a certificate in `directory` by its name ("5f618aec.0"), and so reads only
// the one that it needs. Such names are made by c_rehash and by Debian's update-ca-certificates.
bool has_hashed_names(const std::filesystem::path& directory);

// The file that this program is; empty if that cannot be told.
std::filesystem::path own_executable();

// Where OpenSSL may search: `certs` beside `executable`, as in the archive that script/package
// makes, then the system's `directory`; each only if it has hashed names. Joined by colons; empty
// if there is neither. `certs` must belong to the owner of the executable, and not everybody may be
// able to write to it: in a directory like /tmp, anybody could have put one there.
std::string certificate_search_path(const std::filesystem::path& executable,
                                    const std::filesystem::path& directory);

// Whether a person has named a file in PEM that can be read and holds certificates, so that one
// that does not is told at once and not by each call. It is read again for each connection.
Result<void> check_authorities(const std::filesystem::path& file);

}  // namespace muster::net
