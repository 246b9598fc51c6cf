#pragma once

// Questions to CircleCI's runner API, version 3, over one kept connection: of CircleCI itself, of a
// CircleCI Server, or of a Muster server.
// Sources: the page "Runner API" of CircleCI's documentation; docs/protocol.md.
//
// What is not the documented answer is no answer. One thread uses an object at a time.

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/http_client.hpp"
#include "protocol/messages.hpp"

namespace muster::demand {

// Why there is no answer.
struct Refusal {
  enum class Scope {
    question,    // another question may well be answered
    unanswered,  // likewise, unless no question is answered: one alone cannot tell
    source,      // nobody need ask anything for now
  };
  Error error;
  Scope scope = Scope::question;
  std::optional<Millis> retry_after;  // how long we were asked to wait
  bool documented = false;  // in CircleCI's own form: whoever answers is no proxy and no login page
};

template <class T>
using Answer = tl::expected<T, Refusal>;

class RunnerApi {
 public:
  // `url` has no path: "https://runner.circleci.com". An answer is waited for as long as
  // `patience`.
  explicit RunnerApi(std::string url, Millis patience = std::chrono::seconds(10))
      : url_(std::move(url)), patience_(patience) {}

  // `place`: where the token is, for messages; empty: they do not tell.
  void use_token(std::string token, std::string place = {}) {
    token_ = std::move(token);
    token_place_ = std::move(place);
  }

  Answer<std::int64_t> unclaimed_tasks(const std::string& resource_class, std::stop_token stop);
  Answer<std::int64_t> running_tasks(const std::string& resource_class, std::stop_token stop);
  // Of all classes of a namespace.
  Answer<std::vector<protocol::RunnerName>> runners(const std::string& space, std::stop_token stop);
  Answer<std::vector<protocol::RunnerContact>> contacts(const std::string& resource_class,
                                                        std::stop_token stop);

  // When the latest answer was given, by its giver's clock, to the second. Nothing: never, or
  // unsaid.
  std::optional<WallTime> answered_at() const { return answered_at_; }

 private:
  template <class T>
  Answer<T> get(std::string_view path, std::string_view parameter, const std::string& value,
                std::stop_token stop);

  const std::string url_;
  const Millis patience_;
  std::string token_;
  std::string token_place_;
  net::HttpClient client_;
  std::optional<WallTime> answered_at_;
};

// "120", or the date of RFC 9110, 10.2.3, as seen from `now`. Nothing if it is neither; never
// negative.
std::optional<Millis> parse_retry_after(std::string_view header, WallTime now);

}  // namespace muster::demand
