#pragma once

// The server's API as a client sees it: one function a question, typed answers.
//
// One thread at a time; give each thread its own. A call ends early when `stop` is requested.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "net/http_client.hpp"
#include "protocol/messages.hpp"

namespace muster::client {

// How to reach a server. Copied freely: each thread makes an Api of it.
struct Access {
  std::string server;  // "http://127.0.0.1:8480"
  std::string token;   // personal
  net::Authorities authorities;
};

// The fleet as the server has it at this moment.
struct FleetNow {
  protocol::FleetStatus fleet;
  std::optional<WallTime> at;  // by the server's clock, cut to the second; absent: it does not tell
};

class Api {
 public:
  explicit Api(Access access, std::stop_token stop = {});

  Result<void> upload(const std::filesystem::path& pack, std::uint64_t size,
                      const std::string& sha256);
  Result<std::variant<protocol::PipelineCreated, protocol::ConfigRefused>> submit(
      const protocol::SubmitPipeline& pipeline);

  Result<protocol::PipelineList> pipelines();
  // `id` may be a number. With `seen`, waits up to `wait` for another version.
  Result<protocol::PipelineStatus> pipeline(const std::string& id, const std::string& seen = "",
                                            Millis wait = {});
  // As it is now, with the times at which blocked jobs are expected to be queued.
  Result<protocol::PipelineStatus> foreseen_pipeline(const std::string& id);
  Result<void> cancel(const std::string& id);
  Result<void> rerun(const std::string& id, const protocol::Rerun& rerun);
  // The step's output from byte `offset` on, at most some MiB of it; empty where it ends for now.
  Result<std::string> output(const std::string& task_id, std::int64_t step, std::int64_t offset);

  // Waits as pipeline() does.
  Result<protocol::FleetStatus> fleet(const std::string& seen, Millis wait);
  Result<FleetNow> fleet_now();

  Result<protocol::ResourceClassItem> create_class(const protocol::NewResourceClass& wanted);
  Result<protocol::ResourceClassList> classes_of(const std::string& name_space);
  Result<protocol::ResourceClassList> all_classes();
  Result<void> delete_class(const std::string& id, bool force);

  // Of one class.
  Result<protocol::RunnerList> runners(const std::string& resource_class);
  Result<void> drain_runner(const protocol::ChosenRunner& runner);
  Result<void> remove_runner(const protocol::ChosenRunner& runner);

  // An empty resource class stands for personal tokens.
  Result<protocol::TokenItem> create_token(const protocol::NewToken& wanted);
  Result<protocol::TokenList> tokens(const std::string& resource_class);
  Result<void> revoke_token(const std::string& id);

  // Signs a browser in once, with our token.
  Result<protocol::SignInCode> sign_in_code();
  // The newest first, 100 at most; or those before the item of that id.
  Result<protocol::AuditList> audit(std::int64_t limit, std::optional<std::int64_t> before);

 private:
  net::ClientRequest request(std::string method, const std::string& path) const;
  Result<net::ClientResponse> send(const net::ClientRequest& request);  // any status
  Result<net::ClientResponse> call(const net::ClientRequest& request);  // 2xx, or an error
  template <class T>
  Result<T> get(const std::string& path, Millis wait = {});
  template <class T, class Body>
  Result<T> post(const std::string& path, const Body& body);
  Result<void> remove(const std::string& path);

  Access access_;
  std::stop_token stop_;
  net::HttpClient http_;
};

}  // namespace muster::client
