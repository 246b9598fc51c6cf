#pragma once

// The certificate and key that the server is told to show, and what its log says of them.

#include <filesystem>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/tls_identity.hpp"

namespace muster::server {

struct TlsFiles {
  std::filesystem::path certificate;  // PEM: the server's own, then those between it and its
                                      // authority
  std::filesystem::path key;          // PEM
};

// A key that others can read is refused if we are root, and named in a warning if not.
Result<net::TlsIdentity> read_identity(const TlsFiles& files);

// Warns if the certificate does not hold now, or will not in a few days.
void warn_of_validity(const net::TlsIdentity& identity, WallTime now);

}  // namespace muster::server
