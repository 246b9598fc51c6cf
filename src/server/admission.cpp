#include "server/admission.hpp"

#include "base/log.hpp"
#include "server/access.hpp"
#include "server/answers.hpp"
#include "server/same_site.hpp"

namespace muster::server {
namespace {

constexpr std::uint64_t kLongestBody = 64 << 10;
constexpr std::uint64_t kLongestSubmission = 8 << 20;  // a config of 1 MiB, escaped as JSON
constexpr std::uint64_t kLongestUpload = 4 << 20;      // of output, in one request
constexpr std::uint64_t kLongestSource = 1ULL << 30;

}  // namespace

// Small bodies are read from anyone. A large one only from somebody whom we know, so that a
// stranger cannot fill the memory or the disk.
std::variant<net::BodyPolicy, net::Response> admit(store::Store& store, const net::Request& head) {
  if (auto own = check_same_site(head); !own) return error_response(own.error());
  const bool source = head.path.starts_with("/api/muster/v1/sources/");
  const bool output = head.method == "PUT" && head.path.ends_with("/output");
  const bool submission = head.method == "POST" && head.path == "/api/muster/v1/pipelines";
  if (!source && !output && !submission) return net::BodyPolicy{kLongestBody, {}};
  try {
    if (auto known = require_known(store, head); !known) return error_response(known.error());
  } catch (const db::Failure& failure) {
    log::error("a request failed", {{"path", head.path}, {"error", failure.what()}});
    return error_response(for_caller(failure.error()));
  }
  if (source) return net::BodyPolicy{kLongestSource, store.uploads()};
  return net::BodyPolicy{output ? kLongestUpload : kLongestSubmission, {}};
}

}  // namespace muster::server
