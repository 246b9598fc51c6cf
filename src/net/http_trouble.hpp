#pragma once

// Internal to the client: a call of curl's that failed, in words that say what to do.

#include <curl/curl.h>

#include <string>

#include "base/error.hpp"
#include "net/http_client.hpp"

namespace muster::net {

struct Target {
  std::string scheme;
  std::string host;
  std::string name;  // host:port, for messages
};

struct FailedCall {
  CURL* easy;
  const Target& target;
  const Authorities& authorities;
  bool direct;         // through no proxy
  bool head_complete;  // of the answer
};
Error describe(const FailedCall& call, CURLcode code);

// Whether the latest call had a connection on which it could be sent.
bool was_connected(CURL* easy);

}  // namespace muster::net
