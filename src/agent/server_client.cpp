#include "agent/server_client.hpp"

#include <fmt/core.h>

#include "net/call_count.hpp"
#include "protocol/json.hpp"

namespace muster::agent {
namespace {

using namespace std::chrono_literals;

constexpr Millis kCallTimeout = 30s;
constexpr Millis kSourceTimeout = 1h;
constexpr int kNoContent = 204;
constexpr int kGone = 410;
constexpr int kOutOfRange = 416;

Result<void> without_answer(Result<net::ClientResponse> response) {
  auto success = net::expect_success(std::move(response));
  if (!success) return success.error();
  return ok();
}

// What cannot be read did not come from the server that we know: as if it had not come.
template <class T>
Result<T> read_answer(const net::ClientResponse& response, const char* what) {
  auto answer = protocol::from_json<T>(response.body);
  if (answer) return answer;
  return Error{ErrorKind::unavailable, answer.error().message}.within(what);
}

}  // namespace

ServerClient::ServerClient(std::string url, std::string token, net::Authorities authorities)
    : url_(std::move(url)),
      token_(std::move(token)),
      authorities_(std::move(authorities)),
      contact_(url_) {}

Result<net::ClientResponse> ServerClient::send(net::HttpClient& client,
                                               const net::ClientRequest& request,
                                               std::stop_token stop) {
  auto response = client.send(request, std::move(stop));
  net::count_call("muster", response);
  contact_.note(&client == &heartbeats_ ? Contact::Call::other : Contact::Call::writes, response);
  return response;
}

net::ClientRequest ServerClient::request(std::string method, const std::string& path,
                                         const std::string& token) const {
  net::ClientRequest request;
  request.method = std::move(method);
  request.url = url_ + "/api/muster/v1/" + path;
  request.headers.set("Authorization", "Bearer " + token);
  request.headers.set("Content-Type", "application/json");
  request.authorities = authorities_;
  request.timeout = kCallTimeout;
  return request;
}

net::ClientRequest ServerClient::about(const Attempt& attempt, std::string method,
                                       const std::string& path) const {
  const auto where = fmt::format("tasks/{}/attempts/{}/{}", net::encode_component(attempt.task_id),
                                 attempt.number, path);
  return request(std::move(method), where, attempt.token);
}

Result<std::optional<protocol::ClaimedTask>> ServerClient::ask_for_task(net::ClientRequest request,
                                                                        std::stop_token stop) {
  auto sent = send(claims_, request, stop);
  const bool sent_away = sent && sent->status == kGone;
  auto response = net::expect_success(std::move(sent));
  if (sent_away) return Error{ErrorKind::cancelled, response.error().message};
  if (!response) return response.error();
  if (response->status == kNoContent) return std::optional<protocol::ClaimedTask>();
  auto task =
      read_answer<protocol::ClaimedTask>(*response, "reading the server's answer to a claim");
  if (!task) return task.error();
  return std::optional(std::move(*task));
}

Result<std::optional<protocol::ClaimedTask>> ServerClient::claim(
    const protocol::ClaimRequest& claim, std::stop_token stop) {
  auto asked = request("POST", "claim", token_);
  asked.body = protocol::to_json(claim);
  asked.timeout = kCallTimeout + Millis(claim.wait_ms);
  return ask_for_task(std::move(asked), stop);
}

Result<std::optional<protocol::ClaimedTask>> ServerClient::withdraw(
    const protocol::WithdrawRequest& withdrawal, std::stop_token stop) {
  auto asked = request("POST", "claim/withdraw", token_);
  asked.body = protocol::to_json(withdrawal);
  return ask_for_task(std::move(asked), stop);
}

Result<protocol::HeartbeatAnswer> ServerClient::heartbeat(const Attempt& attempt, Millis wait,
                                                          Millis patience, std::stop_token stop) {
  auto asked = about(attempt, "POST", "heartbeat");
  asked.body = protocol::to_json(protocol::HeartbeatRequest{.wait_ms = wait.count()});
  asked.timeout = patience;
  auto response = net::expect_success(send(heartbeats_, asked, stop));
  if (!response) return response.error();
  return read_answer<protocol::HeartbeatAnswer>(*response,
                                                "reading the server's answer to a heartbeat");
}

Result<void> ServerClient::update_step(const Attempt& attempt, std::size_t step,
                                       const protocol::StepUpdate& update, std::stop_token stop) {
  auto asked = about(attempt, "POST", fmt::format("steps/{}", step));
  asked.body = protocol::to_json(update);
  return without_answer(send(deliveries_, asked, stop));
}

Result<std::uint64_t> ServerClient::put_output(const Attempt& attempt, std::size_t step,
                                               std::uint64_t offset, std::string_view bytes,
                                               std::stop_token stop) {
  auto asked = about(attempt, "PUT", fmt::format("steps/{}/output?offset={}", step, offset));
  asked.headers.set("Content-Type", "application/octet-stream");
  asked.body = bytes;
  auto response = send(deliveries_, asked, stop);
  if (!response || response->status != kOutOfRange) response = net::expect_success(response);
  if (!response) return response.error();
  const auto answer =
      read_answer<protocol::OutputAnswer>(*response, "reading the server's answer to output");
  if (!answer) return answer.error();
  return static_cast<std::uint64_t>(answer->size);
}

Result<void> ServerClient::fetch_source(const Attempt& attempt, const std::filesystem::path& file,
                                        std::stop_token stop) {
  auto asked = about(attempt, "GET", "source");
  asked.answer_file = file;
  asked.timeout = kSourceTimeout;
  auto answer = send(claims_, asked, stop);
  // Without an answer it is our own disk that is full, and nobody will empty that.
  if (!answer && answer.error().kind == ErrorKind::exhausted) {
    return Error{ErrorKind::internal, answer.error().message};
  }
  return without_answer(std::move(answer));
}

Result<void> ServerClient::finish(const Attempt& attempt, const protocol::FinishRequest& finish,
                                  std::stop_token stop) {
  auto asked = about(attempt, "POST", "finish");
  asked.body = protocol::to_json(finish);
  return without_answer(send(deliveries_, asked, stop));
}

}  // namespace muster::agent
