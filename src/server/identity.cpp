#include "server/identity.hpp"

#include <unistd.h>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "base/token_file.hpp"

namespace muster::server {

Result<net::TlsIdentity> read_identity(const TlsFiles& files) {
  auto identity = net::TlsIdentity::read(files.certificate, files.key);
  if (!identity || !is_open_to_others(files.key)) return identity;
  const auto name = printable(files.key.string(), 1000);
  if (::geteuid() == 0) {
    return Error{ErrorKind::invalid,
                 fmt::format("others can read {0}, and it is the key of the server: run "
                             "'chmod 600 {0}'",
                             name)};
  }
  log::warn("others can read the key of the server", {{"file", name}, {"do", "chmod 600"}});
  return identity;
}

void warn_of_validity(const net::TlsIdentity& identity, WallTime now) {
  constexpr Millis kSoon = std::chrono::days(7);
  const auto until = identity.valid_until();
  if (now < identity.valid_from()) {
    log::warn("the certificate is not valid yet, and clients refuse it",
              {{"from", format_rfc3339(identity.valid_from())}});
  } else if (now > until) {
    log::warn("the certificate has expired, and clients refuse it",
              {{"until", format_rfc3339(until)}});
  } else if (until - now < kSoon) {
    log::warn("the certificate expires soon", {{"until", format_rfc3339(until)}});
  }
}

}  // namespace muster::server
