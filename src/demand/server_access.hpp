#pragma once

// How to reach a Muster server, for everything in this module that speaks to it.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/http_client.hpp"

namespace muster::demand {

struct ServerAccess {
  std::string url;                   // "http://127.0.0.1:8480"
  std::filesystem::path token_file;  // a personal token; read anew for each request
  net::Authorities authorities;
};

// A request for `path_and_query`, with the token. An error names the file, never its content.
Result<net::ClientRequest> authorized(const ServerAccess& access, std::string_view method,
                                      std::string_view path_and_query);

}  // namespace muster::demand
