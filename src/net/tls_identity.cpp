#include "net/tls_identity.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "net/freed.hpp"

namespace muster::net {

namespace {

using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

Error refused(std::string message) {
  ERR_clear_error();
  return {ErrorKind::invalid, std::move(message)};
}

std::string latest_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "for no reason that OpenSSL tells" : reason;
}

std::string name_of(const std::filesystem::path& file) {
  return printable(file.string(), 1000);
}

Result<std::string> text_of(const std::filesystem::path& file) {
  constexpr std::uint64_t kLongest = 1 << 20;
  auto text = read_file(file, kLongest);
  if (!text) return refused(text.error().message);
  return text;
}

// Refers to `text`, of a file in PEM, to read it block by block.
Bio blocks_of(const std::string& text) {
  Bio blocks(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!blocks) throw std::bad_alloc();
  return blocks;
}

// OpenSSL would else ask on the terminal, if there is one.
int give_no_passphrase(char*, int, int, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

Result<Key> read_key(const std::filesystem::path& file) {
  auto text = text_of(file);
  if (!text) return text.error();
  const auto blocks = blocks_of(*text);
  bool asked = false;
  Key key(PEM_read_bio_PrivateKey(blocks.get(), nullptr, give_no_passphrase, &asked));
  OPENSSL_cleanse(text->data(), text->size());
  if (key) return key;
  if (asked) {
    return refused(
        fmt::format("{0} is locked by a passphrase, which nobody is there to give: run "
                    "'openssl pkey -in {0} -out FILE' and name that file",
                    name_of(file)));
  }
  return refused(
      fmt::format("{} holds no private key in PEM (-----BEGIN PRIVATE KEY-----)", name_of(file)));
}

// The server's own comes first.
Result<std::vector<Certificate>> read_certificates(const std::filesystem::path& file) {
  const auto text = text_of(file);
  if (!text) return text.error();
  const auto blocks = blocks_of(*text);
  std::vector<Certificate> found;
  for (;;) {
    Certificate next(PEM_read_bio_X509(blocks.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    found.push_back(std::move(next));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (found.empty() && at_end) {
    return refused(
        fmt::format("{} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", name_of(file)));
  }
  if (!at_end) {
    return refused(fmt::format("certificate {} in {} is damaged ({}): have the file made anew",
                               found.size() + 1, name_of(file), latest_reason()));
  }
  ERR_clear_error();
  return found;
}

WallTime as_wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return WallTime::max();
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::shared_ptr<SSL_CTX> make_context() {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets need no memory
  return context;
}

// Whether OpenSSL takes all of it.
bool use(SSL_CTX* context, const std::vector<Certificate>& certificates, EVP_PKEY* key) {
  if (SSL_CTX_use_certificate(context, certificates.front().get()) != 1) return false;
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, certificates[i].get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(context, key) == 1;
}

}  // namespace

Result<TlsIdentity> TlsIdentity::read(const std::filesystem::path& certificate,
                                      const std::filesystem::path& key) {
  const auto certificates = read_certificates(certificate);
  if (!certificates) return certificates.error();
  const auto private_key = read_key(key);
  if (!private_key) return private_key.error();

  const auto* own = certificates->front().get();
  if (X509_check_private_key(own, private_key->get()) != 1) {
    return refused(
        fmt::format("the key in {} is not that of the certificate in {}: name the two that were "
                    "made together; of several certificates the server's own must come first",
                    name_of(key), name_of(certificate)));
  }
  TlsIdentity identity;
  identity.context_ = make_context();
  if (!use(identity.context(), *certificates, private_key->get())) {
    return refused(
        fmt::format("the certificate in {} cannot be used: {}; have one made with a key "
                    "of RSA with 2048 bits, or of P-256",
                    name_of(certificate), latest_reason()));
  }
  identity.valid_from_ = as_wall_time(X509_get0_notBefore(own));
  identity.valid_until_ = as_wall_time(X509_get0_notAfter(own));
  return identity;
}

}  // namespace muster::net
