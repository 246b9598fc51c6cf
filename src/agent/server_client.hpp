#pragma once

// The ControlPlane over HTTP. The log says when the server goes away, and when it is back.

#include <string>

#include "agent/contact.hpp"
#include "agent/control_plane.hpp"
#include "net/http_client.hpp"

namespace muster::agent {

class ServerClient final : public ControlPlane {
 public:
  // `token` is the resource class's.
  ServerClient(std::string url, std::string token, net::Authorities authorities = {});

  Result<std::optional<protocol::ClaimedTask>> claim(const protocol::ClaimRequest& request,
                                                     std::stop_token stop) override;
  bool claim_may_have_arrived() const override { return claims_.may_have_arrived(); }
  Result<std::optional<protocol::ClaimedTask>> withdraw(const protocol::WithdrawRequest& request,
                                                        std::stop_token stop) override;
  Result<protocol::HeartbeatAnswer> heartbeat(const Attempt& attempt, Millis wait, Millis patience,
                                              std::stop_token stop) override;
  Result<void> update_step(const Attempt& attempt, std::size_t step,
                           const protocol::StepUpdate& update, std::stop_token stop) override;
  Result<std::uint64_t> put_output(const Attempt& attempt, std::size_t step, std::uint64_t offset,
                                   std::string_view bytes, std::stop_token stop) override;
  Result<void> fetch_source(const Attempt& attempt, const std::filesystem::path& file,
                            std::stop_token stop) override;
  Result<void> finish(const Attempt& attempt, const protocol::FinishRequest& request,
                      std::stop_token stop) override;

 private:
  net::ClientRequest request(std::string method, const std::string& path,
                             const std::string& token) const;
  net::ClientRequest about(const Attempt& attempt, std::string method,
                           const std::string& path) const;
  Result<std::optional<protocol::ClaimedTask>> ask_for_task(net::ClientRequest request,
                                                            std::stop_token stop);

  Result<net::ClientResponse> send(net::HttpClient& client, const net::ClientRequest& request,
                                   std::stop_token stop);

  std::string url_;
  std::string token_;
  net::Authorities authorities_;
  Contact contact_;
  // One for each group of calls that may be under way at the same time.
  net::HttpClient claims_;
  net::HttpClient heartbeats_;
  net::HttpClient deliveries_;
};

}  // namespace muster::agent
