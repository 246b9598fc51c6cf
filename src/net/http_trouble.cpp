#include "net/http_trouble.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <system_error>

#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::net {

namespace {

// The variable of the environment in which curl finds a proxy for such an address, unless no_proxy
// excepts the host. Empty: there is none.
std::string proxy_variable(const Target& target) {
  // Not HTTP_PROXY: curl leaves that alone, since whoever calls a CGI program may set it.
  constexpr std::array kForHttps{"https_proxy", "HTTPS_PROXY"};
  constexpr std::array kForHttp{"http_proxy"};
  constexpr std::array kForAny{"all_proxy", "ALL_PROXY"};
  const auto first_set = [](const auto& variables) {
    const auto set = std::ranges::find_if(variables, [](const char* variable) {
      const auto* value = std::getenv(variable);
      return value != nullptr && *value != '\0';
    });
    return std::string(set == variables.end() ? "" : *set);
  };
  const auto own = target.scheme == "https" ? first_set(kForHttps) : first_set(kForHttp);
  return own.empty() ? first_set(kForAny) : own;
}

// What cannot be reached may be the proxy, and curl does not say which it was.
std::string perhaps_the_proxy(const FailedCall& call) {
  const auto variable = call.direct ? "" : proxy_variable(call.target);
  return variable.empty() ? "" : fmt::format("; {} is set, so it may be the proxy", variable);
}

// What a proxy answers that is asked for a way to the host and does not open it.
std::optional<Error> refusal_of_proxy(const FailedCall& call) {
  long status = 0;
  curl_easy_getinfo(call.easy, CURLINFO_HTTP_CONNECTCODE, &status);
  if (status == 0 || status / 100 == 2) return std::nullopt;
  return Error{ErrorKind::unavailable,
               fmt::format("the proxy that {} names does not let us through to {}: it answers {}",
                           proxy_variable(call.target), call.target.name, status)};
}

// Of a certificate: what OpenSSL says of it (X509_V_ERR_…), and what a person can do.
std::string distrust(const FailedCall& call) {
  constexpr long kNotYetValid = 9;
  constexpr long kExpired = 10;
  constexpr long kLeastOfChain = 2;  // below it the chain is fine, or was not what was refused
  long fault = 0;
  curl_easy_getinfo(call.easy, CURLINFO_SSL_VERIFYRESULT, &fault);
  const auto& [scheme, host, name] = call.target;
  if (fault == kExpired) {
    return fmt::format("the certificate of {} has expired: have it renewed there", name);
  }
  if (fault == kNotYetValid) {
    return fmt::format(
        "the certificate of {} is not valid yet: are the clocks right, here and there?", name);
  }
  if (fault < kLeastOfChain) {
    return fmt::format(
        "the certificate of {} is for other names: write one of those in the address, "
        "or have one made that has {} among its names (subjectAltName)",
        name, printable(host));
  }
  const auto& [file, setting] = call.authorities;
  if (!file.empty()) {
    return fmt::format(
        "the certificate of {} is by no authority of {}{}: name the file with the "
        "certificate of its authority",
        name, printable(file.string(), 1000), setting.empty() ? "" : fmt::format(" ({})", setting));
  }
  return fmt::format(
      "the certificate of {} is by an authority that is not trusted here: have this "
      "machine trust it (update-ca-certificates){}",
      name, setting.empty() ? "" : fmt::format(", or name its file by {}", setting));
}

std::string unusable_authorities(const FailedCall& call) {
  const auto file = printable(call.authorities.file.string(), 1000);
  return fmt::format(
      "no certificate can be read from {}: name a file in PEM with that of the "
      "server's authority",
      file.empty() ? "the system's authorities" : file);
}

}  // namespace

bool was_connected(CURL* easy) {
  curl_off_t connected = 0;  // when; 0: never
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
  return connected != 0;
}

Error describe(const FailedCall& call, CURLcode code) {
  const auto& name = call.target.name;
  if (auto refused = refusal_of_proxy(call)) return *refused;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {ErrorKind::unavailable,
              fmt::format("cannot reach {}: the name of the proxy that {} names is not known", name,
                          proxy_variable(call.target))};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {ErrorKind::unavailable,
              fmt::format("cannot reach {}: the name of the host is not known", name)};
    case CURLE_COULDNT_CONNECT: {
      long number = 0;
      curl_easy_getinfo(call.easy, CURLINFO_OS_ERRNO, &number);
      const auto reason = number != 0 ? std::generic_category().message(static_cast<int>(number))
                                      : curl_easy_strerror(code);
      return {ErrorKind::unavailable,
              fmt::format("cannot reach {}: {}{}", name, reason, perhaps_the_proxy(call))};
    }
    case CURLE_OPERATION_TIMEDOUT: {
      if (was_connected(call.easy)) return {ErrorKind::timeout, name + " did not answer in time"};
      return {ErrorKind::timeout,
              fmt::format("cannot reach {} in time{}", name, perhaps_the_proxy(call))};
    }
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return {ErrorKind::unavailable,
              fmt::format("{} closed the connection before the answer was complete", name)};
    case CURLE_SSL_CONNECT_ERROR:
      return {ErrorKind::unavailable,
              fmt::format("cannot reach {}: no TLS connection came about; if it speaks plain HTTP, "
                          "write http:// in its address",
                          name)};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {ErrorKind::unavailable, distrust(call)};
    case CURLE_SSL_CACERT_BADFILE:
      return {ErrorKind::invalid, unusable_authorities(call)};
    case CURLE_UNSUPPORTED_PROTOCOL:  // the address was looked at before: it is the answer
    case CURLE_WEIRD_SERVER_REPLY:
      return {ErrorKind::unavailable, fmt::format("what {} answers is not HTTP", name)};
    case CURLE_URL_MALFORMAT:
      return {ErrorKind::invalid, fmt::format("not an address to call: {}", name)};
    case CURLE_OUT_OF_MEMORY:
      // Also a line of the head that is longer than curl takes, which is likelier.
      if (was_connected(call.easy) && !call.head_complete) {
        return {ErrorKind::unavailable,
                fmt::format("the head of the answer of {} is too large", name)};
      }
      return {ErrorKind::exhausted, "out of memory"};
    default:
      return {ErrorKind::unavailable,
              fmt::format("the call to {} failed: {}", name, curl_easy_strerror(code))};
  }
}

}  // namespace muster::net
