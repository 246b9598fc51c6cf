#include "net/tls_for_tests.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "base/crypto.hpp"

namespace muster::net {

namespace {

template <class T>
T* made(T* handle) {
  if (handle == nullptr) throw std::runtime_error("OpenSSL does not do what a test needs");
  return handle;
}

void done(int result) {
  if (result != 1) throw std::runtime_error("OpenSSL does not do what a test needs");
}

std::shared_ptr<EVP_PKEY> make_key() {
  return {made(EVP_EC_gen("P-256")), EVP_PKEY_free};
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  auto* extension = made(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
  done(X509_add_ext(certificate, extension, -1));
  X509_EXTENSION_free(extension);
}

void set_name(X509_NAME* name, const std::string& common) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(common.c_str());
  done(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes, -1, -1, 0));
}

// Without what the authority says of it.
std::shared_ptr<X509> make_certificate(const TestAuthority::Wish& wish, EVP_PKEY* key) {
  static long serial = 1;
  std::shared_ptr<X509> certificate(made(X509_new()), X509_free);
  done(X509_set_version(certificate.get(), 2));  // which is version 3
  done(ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial));
  made(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), wish.valid_from.count()));
  made(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), wish.valid_until.count()));
  set_name(X509_get_subject_name(certificate.get()), wish.name);
  done(X509_set_pubkey(certificate.get(), key));
  return certificate;
}

void sign(X509* certificate, X509* by, EVP_PKEY* key) {
  done(X509_set_issuer_name(certificate, X509_get_subject_name(by)));
  if (X509_sign(certificate, key, EVP_sha256()) == 0) done(0);
}

template <class Write>
void write_pem(const std::filesystem::path& path, Write write) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(made(std::fopen(path.c_str(), "w")),
                                                   std::fclose);
  done(write(file.get()));
}

}  // namespace

TestFolder::TestFolder()
    : path(std::filesystem::temp_directory_path() / ("muster-tls-" + random_hex(8))) {
  std::filesystem::create_directory(path);
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

TlsIdentity TestPair::read() const {
  auto identity = TlsIdentity::read(certificate, key);
  if (!identity) throw std::runtime_error(identity.error().message);
  return *std::move(identity);
}

// A peer that goes away is an error of the write, as in main(): OpenSSL writes without
// MSG_NOSIGNAL.
TestAuthority::TestAuthority(std::filesystem::path folder, const std::string& name)
    : folder_(std::move(folder)), name_(name), key_(make_key()) {
  std::signal(SIGPIPE, SIG_IGN);
  certificate_ = make_certificate({.name = name}, key_.get());
  add_extension(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  sign(certificate_.get(), certificate_.get(), key_.get());
  write_pem(certificate(), [this](FILE* file) { return PEM_write_X509(file, certificate_.get()); });
}

std::filesystem::path TestAuthority::certificate() const {
  return folder_ / (name_ + ".crt");
}

TestPair TestAuthority::issue(const Wish& wish) const {
  TestPair pair{folder_ / (wish.name + ".crt"), folder_ / (wish.name + ".key")};
  const auto key = make_key();
  const auto issued = make_certificate(wish, key.get());
  add_extension(issued.get(), NID_subject_alt_name, wish.subject);
  sign(issued.get(), certificate_.get(), key_.get());
  write_pem(pair.certificate, [&](FILE* file) { return PEM_write_X509(file, issued.get()); });
  write_pem(pair.key, [&](FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return pair;
}

TlsEnd::TlsEnd(std::uint16_t port, int newest) : fd_(TestPeer::socket_to(port)) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(made(SSL_CTX_new(TLS_client_method())),
                                                             SSL_CTX_free);
  // Old versions are refused by the server, and not by us.
  SSL_CTX_set_security_level(context.get(), 0);
  if (newest != 0) {
    done(SSL_CTX_set_min_proto_version(context.get(), newest));
    done(SSL_CTX_set_max_proto_version(context.get(), newest));
  }
  tls_.reset(made(SSL_new(context.get())), SSL_free);
  ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
  done(SSL_set_fd(tls_.get(), fd_.get()));
  ERR_clear_error();  // what is left of another end would be taken for a fault of this one
  int result = SSL_connect(tls_.get());
  while (result != 1 && wait_after(result)) result = SSL_connect(tls_.get());
  connected_ = result == 1;
}

TlsEnd::~TlsEnd() = default;

bool TlsEnd::wait_after(int result) {
  constexpr int kPatience = 10'000;  // milliseconds
  const int wanted = SSL_get_error(tls_.get(), result);
  if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) return false;
  pollfd waiting{fd_.get(), static_cast<short>(wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT),
                 0};
  return ::poll(&waiting, 1, kPatience) > 0;
}

std::string TlsEnd::shown_name() const {
  const std::unique_ptr<X509, void (*)(X509*)> shown(SSL_get1_peer_certificate(tls_.get()),
                                                     X509_free);
  char name[256] = "";
  if (shown) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name,
                              sizeof name);
  }
  return name;
}

bool TlsEnd::send(std::string_view data) {
  if (!connected_) return false;
  while (!data.empty()) {
    ERR_clear_error();
    const int sent = SSL_write(tls_.get(), data.data(), static_cast<int>(data.size()));
    if (sent > 0) {
      data.remove_prefix(static_cast<std::size_t>(sent));
    } else if (!wait_after(sent)) {
      return false;
    }
  }
  return true;
}

std::optional<std::size_t> TlsEnd::receive(char* buffer, std::size_t size) {
  if (!connected_) return 0;
  for (;;) {
    ERR_clear_error();
    const int got = SSL_read(tls_.get(), buffer, static_cast<int>(size));
    if (got > 0) return static_cast<std::size_t>(got);
    const bool may_come = SSL_get_error(tls_.get(), got) == SSL_ERROR_WANT_READ;
    if (!wait_after(got)) return may_come ? std::nullopt : std::optional<std::size_t>(0);
  }
}

bool TlsEnd::send_as_one(const std::vector<std::string>& parts) {
  const auto hold = [this](int whether) {
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_CORK, &whether, sizeof whether);
  };
  hold(1);
  bool sent = true;
  for (const auto& part : parts) sent = sent && send(part);
  hold(0);
  return sent;
}

bool TlsEnd::send_raw(std::string_view bytes) {
  return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

bool TlsEnd::send_in_halves(std::string_view data) {
  auto* caught = made(BIO_new(BIO_s_mem()));
  SSL_set0_wbio(tls_.get(), caught);
  bool sent = send(data);
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(caught, &bytes);
  const std::string record(bytes, static_cast<std::size_t>(size));
  SSL_set0_wbio(tls_.get(), made(BIO_new_socket(fd_.get(), BIO_NOCLOSE)));
  const auto half = record.size() / 2;
  sent = sent && send_raw(record.substr(0, half));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // so that it is read by itself
  return sent && send_raw(record.substr(half));
}

void TlsEnd::say_goodbye() {
  SSL_shutdown(tls_.get());
}

bool TlsEnd::told_goodbye() const {
  return (SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

}  // namespace muster::net
