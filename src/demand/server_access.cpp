#include "demand/server_access.hpp"

#include "base/token_file.hpp"

namespace muster::demand {

Result<net::ClientRequest> authorized(const ServerAccess& access, std::string_view method,
                                      std::string_view path_and_query) {
  const auto token = read_token_file(access.token_file);
  if (!token) return token.error().within("the token");
  net::ClientRequest request;
  request.method = method;
  request.url = access.url;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += path_and_query;
  request.authorities = access.authorities;
  request.headers.set("Authorization", "Bearer " + *token);
  return request;
}

}  // namespace muster::demand
