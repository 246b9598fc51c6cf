#pragma once

// For tests: an authority that certifies whatever a test wants, and a client's bare end of TLS.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "net/test_peer.hpp"
#include "net/tls_identity.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY
struct x509_st;      // X509
struct ssl_st;       // SSL

namespace muster::net {

struct TestFolder {
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path path;
};

// A certificate and its key, in files.
struct TestPair {
  std::filesystem::path certificate;
  std::filesystem::path key;

  // Throws if it is none.
  TlsIdentity read() const;
};

class TestAuthority {
 public:
  struct Wish {
    std::string name = "server";              // of the files, and the certificate's common name
    std::string subject = "IP:127.0.0.1";     // its subjectAltName, as OpenSSL writes it
    std::chrono::seconds valid_from{-86400};  // from now
    std::chrono::seconds valid_until{86400};
  };

  // All files go into `folder`.
  explicit TestAuthority(std::filesystem::path folder, const std::string& name = "authority");

  TestPair issue(const Wish& wish) const;
  std::filesystem::path certificate() const;  // of the authority

 private:
  std::filesystem::path folder_;
  std::string name_;
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
};

// A client's end of TLS, on a connection to the loopback. It checks no certificate.
class TlsEnd final : public TestPeer::Layer {
 public:
  // Shakes hands at once, for at most 10 s. `newest`: of TLS's versions, as OpenSSL numbers them;
  // 0: any.
  explicit TlsEnd(std::uint16_t port, int newest = 0);
  ~TlsEnd() override;

  bool connected() const { return connected_; }
  std::string shown_name() const;  // the common name of the server's certificate

  bool send(std::string_view data) override;
  std::optional<std::size_t> receive(char* buffer, std::size_t size) override;

  // Each in a record of TLS, all in one piece for the other end's socket.
  bool send_as_one(const std::vector<std::string>& parts);
  // In one record, whose first half comes a moment before the other.
  bool send_in_halves(std::string_view data);
  void say_goodbye();  // closes TLS, and not the connection
  bool told_goodbye() const;

 private:
  bool send_raw(std::string_view bytes);
  // `result`: of a call of OpenSSL that did not do. Whether it is worth repeating.
  bool wait_after(int result);

  UniqueFd fd_;
  std::shared_ptr<ssl_st> tls_;
  bool connected_ = false;
};

inline TestPeer connect_tls(std::uint16_t port) {
  return TestPeer(std::make_unique<TlsEnd>(port));
}

}  // namespace muster::net
