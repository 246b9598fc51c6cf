#pragma once

// For tests: a running server, once over plain connections and once over TLS. What holds of one
// must hold of the other.

#include <memory>
#include <string>

#include "net/test_server.hpp"
#include "net/tls_for_tests.hpp"

namespace muster::net {

enum class Over { plain, tls };

inline std::string name_of(const testing::TestParamInfo<Over>& info) {
  return info.param == Over::tls ? "Tls" : "Plain";
}

class HttpServerTest : public ServerFixture, public testing::WithParamInterface<Over> {
 protected:
  HttpServerTest() {
    if (!is_tls()) return;
    authority_ = std::make_unique<TestAuthority>(secrets_.path);
    settings_.tls = authority_->issue({}).read();
  }

  static bool is_tls() { return GetParam() == Over::tls; }
  TestPeer connect() const override {
    return is_tls() ? connect_tls(server_->port()) : ServerFixture::connect();
  }
  Result<ClientResponse> send(ClientRequest request) {
    if (is_tls()) request.authorities.file = authority_->certificate();
    return client_.send(request);
  }

 private:
  TestFolder secrets_;
  std::unique_ptr<TestAuthority> authority_;
};

}  // namespace muster::net
