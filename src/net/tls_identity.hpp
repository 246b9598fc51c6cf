#pragma once

// What an HTTPS server shows and proves: its certificate, those between it and its authority, and
// the private key. Read once, as a whole: a renewed certificate is another identity.
//
// Copies share what was read, and any thread may use them.

#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "base/time.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace muster::net {

class TlsIdentity {
 public:
  // Both files are PEM, and may be one. The server's own certificate is the first of its file. An
  // error names the file and what to do, and never the content. Nobody is asked for a passphrase.
  static Result<TlsIdentity> read(const std::filesystem::path& certificate,
                                  const std::filesystem::path& key);

  WallTime valid_from() const { return valid_from_; }
  WallTime valid_until() const { return valid_until_; }

  // For the connections of a server: TLS 1.2 or newer. Lives as long as a copy of this does.
  ssl_ctx_st* context() const { return context_.get(); }

 private:
  TlsIdentity() = default;

  std::shared_ptr<ssl_ctx_st> context_;
  WallTime valid_from_;
  WallTime valid_until_;
};

}  // namespace muster::net
