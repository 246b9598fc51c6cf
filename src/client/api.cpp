#include "client/api.hpp"

#include <set>

#include <fmt/core.h>

#include "base/text.hpp"
#include "protocol/json.hpp"

namespace muster::client {
namespace {

constexpr auto kMuster = "/api/muster/v1";
constexpr auto kRunner = "/api/v3/runner";
constexpr Millis kPatience = std::chrono::seconds(30);
constexpr std::uint64_t kSlowestUpload = 100 << 10;  // bytes a second

std::string pipeline_path(const std::string& id) {
  return fmt::format("{}/pipelines/{}", kMuster, net::encode_component(id));
}

// What to append to a path that can be waited on.
std::string waiting(const std::string& seen, Millis wait) {
  if (seen.empty()) return "";
  return fmt::format("?seen={}&wait_ms={}", net::encode_component(seen), wait.count());
}

template <class T>
Result<T> decode(const Result<net::ClientResponse>& response) {
  if (!response) return response.error();
  auto message = protocol::from_json<T>(response->body);
  if (!message)
    return Error{ErrorKind::internal, message.error().message}.within("server's answer");
  return message;
}

Error with_sentence(Error error, std::string_view sentence) {
  const bool closed = error.message.ends_with('.') || error.message.ends_with('?');
  error.message += fmt::format("{} {}", closed ? "" : ".", sentence);
  return error;
}

bool is_without_answer(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout;
}

// What a person can do about it, where the server cannot know.
Error with_cure(Error error, const Access& access) {
  if (error.kind != ErrorKind::unauthenticated) return error;
  return with_sentence(std::move(error),
                       fmt::format("{} does not know the token: check --token-file, "
                                   "$MUSTER_TOKEN_FILE and $MUSTER_TOKEN.",
                                   access.server));
}

}  // namespace

Api::Api(Access access, std::stop_token stop) : access_(std::move(access)), stop_(std::move(stop)) {
  while (access_.server.ends_with('/')) access_.server.pop_back();
}

net::ClientRequest Api::request(std::string method, const std::string& path) const {
  net::ClientRequest request;
  request.method = std::move(method);
  request.url = access_.server + path;
  request.authorities = access_.authorities;
  request.headers.set("Circle-Token", access_.token);
  request.timeout = kPatience;
  return request;
}

Result<net::ClientResponse> Api::send(const net::ClientRequest& request) {
  auto response = http_.send(request, stop_);
  if (response || !is_without_answer(response.error())) return response;
  return with_sentence(response.error(),
                       fmt::format("Is 'muster server' running at {}? --server or "
                                   "$MUSTER_SERVER names another.",
                                   access_.server));
}

Result<net::ClientResponse> Api::call(const net::ClientRequest& request) {
  auto response = send(request);
  if (!response) return response;
  response = net::expect_success(std::move(response));
  if (!response) return with_cure(response.error(), access_);
  return response;
}

template <class T>
Result<T> Api::get(const std::string& path, Millis wait) {
  auto asked = request("GET", path);
  asked.timeout = kPatience + wait;
  return decode<T>(call(asked));
}

template <class T, class Body>
Result<T> Api::post(const std::string& path, const Body& body) {
  auto asked = request("POST", path);
  asked.headers.set("Content-Type", "application/json");
  asked.body = protocol::to_json(body);
  return decode<T>(call(asked));
}

Result<void> Api::remove(const std::string& path) {
  const auto response = call(request("DELETE", path));
  if (!response) return response.error();
  return ok();
}

Result<void> Api::upload(const std::filesystem::path& pack, std::uint64_t size,
                         const std::string& sha256) {
  auto asked = request("PUT", fmt::format("{}/sources/{}", kMuster, sha256));
  asked.headers.set("Content-Type", "application/octet-stream");
  asked.body_file = pack;
  asked.timeout = kPatience + std::chrono::seconds(size / kSlowestUpload);
  const auto response = call(asked);
  if (!response) return response.error().within("sending the source");
  return ok();
}

namespace {

Error perhaps_submitted(const Error& error, bool may_have_arrived) {
  if (error.kind != ErrorKind::cancelled && !is_without_answer(error)) return error;
  const auto failed = error.within("submitting the pipeline");
  if (!may_have_arrived) return with_sentence(failed, "Nothing was submitted.");
  return with_sentence(failed,
                       "The pipeline may have been created all the same: look with 'muster "
                       "pipeline list' before you run it again.");
}

}  // namespace

Result<std::variant<protocol::PipelineCreated, protocol::ConfigRefused>> Api::submit(
    const protocol::SubmitPipeline& pipeline) {
  using Answer = std::variant<protocol::PipelineCreated, protocol::ConfigRefused>;
  auto asked = request("POST", fmt::format("{}/pipelines", kMuster));
  asked.headers.set("Content-Type", "application/json");
  asked.body = protocol::to_json(pipeline);
  // On a connection that is used again, a request may be repeated unasked. This one must not be.
  http_ = net::HttpClient();
  const auto response = send(asked);
  if (!response) return perhaps_submitted(response.error(), http_.may_have_arrived());
  if (response->status == 400) {
    if (auto refused = protocol::from_json<protocol::ConfigRefused>(response->body)) {
      return Answer(std::move(*refused));
    }
  }
  const auto accepted = net::expect_success(response);
  if (!accepted) return with_cure(accepted.error(), access_);
  auto created = decode<protocol::PipelineCreated>(accepted);
  if (!created) return created.error();
  return Answer(std::move(*created));
}

Result<protocol::PipelineList> Api::pipelines() {
  return get<protocol::PipelineList>(fmt::format("{}/pipelines?limit=100", kMuster));
}

Result<protocol::PipelineStatus> Api::pipeline(const std::string& id, const std::string& seen,
                                               Millis wait) {
  return get<protocol::PipelineStatus>(pipeline_path(id) + waiting(seen, wait), wait);
}

Result<protocol::PipelineStatus> Api::foreseen_pipeline(const std::string& id) {
  return get<protocol::PipelineStatus>(pipeline_path(id) + "?expected=true");
}

Result<void> Api::cancel(const std::string& id) {
  const auto response = call(request("POST", pipeline_path(id) + "/cancel"));
  if (!response) return response.error();
  return ok();
}

Result<void> Api::rerun(const std::string& id, const protocol::Rerun& rerun) {
  auto asked = request("POST", pipeline_path(id) + "/rerun");
  asked.headers.set("Content-Type", "application/json");
  asked.body = protocol::to_json(rerun);
  http_ = net::HttpClient();  // as for submit()
  const auto response = call(asked);
  if (!response) return response.error();
  return ok();
}

Result<std::string> Api::output(const std::string& task_id, std::int64_t step,
                                std::int64_t offset) {
  auto asked = request("GET", fmt::format("{}/tasks/{}/steps/{}/output", kMuster,
                                          net::encode_component(task_id), step));
  asked.headers.set("Range", fmt::format("bytes={}-", offset));
  auto response = call(asked);
  if (!response) return response.error();
  return std::move(response->body);
}

Result<protocol::FleetStatus> Api::fleet(const std::string& seen, Millis wait) {
  return get<protocol::FleetStatus>(fmt::format("{}/fleet{}", kMuster, waiting(seen, wait)), wait);
}

Result<FleetNow> Api::fleet_now() {
  const auto answer = call(request("GET", fmt::format("{}/fleet", kMuster)));
  auto fleet = decode<protocol::FleetStatus>(answer);
  if (!fleet) return fleet.error();
  return FleetNow{std::move(*fleet),
                  net::parse_http_date(answer->headers.get("Date").value_or(""))};
}

Result<protocol::ResourceClassItem> Api::create_class(const protocol::NewResourceClass& wanted) {
  return post<protocol::ResourceClassItem>(fmt::format("{}/resource", kRunner), wanted);
}

Result<protocol::ResourceClassList> Api::classes_of(const std::string& name_space) {
  return get<protocol::ResourceClassList>(
      fmt::format("{}/resource?namespace={}", kRunner, net::encode_component(name_space)));
}

// CircleCI's list wants a namespace; our fleet knows them all.
Result<protocol::ResourceClassList> Api::all_classes() {
  const auto everything = fleet("", {});
  if (!everything) return everything.error();
  std::set<std::string> namespaces;
  for (const auto& item : everything->classes) {
    namespaces.insert(item.resource_class.substr(0, item.resource_class.find('/')));
  }
  protocol::ResourceClassList all;
  for (const auto& name_space : namespaces) {
    auto some = classes_of(name_space);
    if (!some) return some;
    for (auto& item : some->items) all.items.push_back(std::move(item));
  }
  return all;
}

Result<void> Api::delete_class(const std::string& id, bool force) {
  return remove(
      fmt::format("{}/resource/{}{}", kRunner, net::encode_component(id), force ? "/force" : ""));
}

Result<protocol::RunnerList> Api::runners(const std::string& resource_class) {
  return get<protocol::RunnerList>(
      fmt::format("{}?resource-class={}", kRunner, net::encode_component(resource_class)));
}

Result<void> Api::drain_runner(const protocol::ChosenRunner& runner) {
  const auto done = post<protocol::Message>(fmt::format("{}/runners/drain", kMuster), runner);
  return done ? ok() : Result<void>(done.error());
}

Result<void> Api::remove_runner(const protocol::ChosenRunner& runner) {
  const auto done = post<protocol::Message>(fmt::format("{}/runners/remove", kMuster), runner);
  return done ? ok() : Result<void>(done.error());
}

Result<protocol::TokenItem> Api::create_token(const protocol::NewToken& wanted) {
  const auto* place = wanted.resource_class.empty() ? kMuster : kRunner;
  return post<protocol::TokenItem>(fmt::format("{}/token", place), wanted);
}

Result<protocol::TokenList> Api::tokens(const std::string& resource_class) {
  if (resource_class.empty()) return get<protocol::TokenList>(fmt::format("{}/token", kMuster));
  return get<protocol::TokenList>(
      fmt::format("{}/token?resource-class={}", kRunner, net::encode_component(resource_class)));
}

// The id does not say which kind of token it names.
Result<void> Api::revoke_token(const std::string& id) {
  const auto path = fmt::format("/token/{}", net::encode_component(id));
  auto removed = remove(kRunner + path);
  if (removed || removed.error().kind != ErrorKind::not_found) return removed;
  return remove(kMuster + path);
}

Result<protocol::SignInCode> Api::sign_in_code() {
  return post<protocol::SignInCode>(fmt::format("{}/sign-in-code", kMuster), protocol::Message{});
}

Result<protocol::AuditList> Api::audit(std::int64_t limit, std::optional<std::int64_t> before) {
  const auto older = before ? fmt::format("&before={}", *before) : "";
  return get<protocol::AuditList>(fmt::format("{}/audit?limit={}{}", kMuster, limit, older));
}

}  // namespace muster::client
