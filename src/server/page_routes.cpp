// The paths of the page. Anybody may have its files: they show nothing without a session.

#include "server/answers.hpp"
#include "server/page.hpp"
#include "server/router.hpp"

namespace muster::server {
namespace {

// Addresses that the page itself makes sense of, web/src/routes.ts.
constexpr const char* kPlaces[] = {"/",
                                   "/sign-in",
                                   "/fleet",
                                   "/fleet/{namespace}/{class}",
                                   "/pipelines",
                                   "/pipelines/{pipeline}",
                                   "/pipelines/{pipeline}/jobs/{job}",
                                   "/classes",
                                   "/audit"};

Result<Outcome> file(const Call& call, std::string_view path) {
  const auto* found = find_page_file(page_files(), path);
  if (found != nullptr) return page_answer(*found, call.request.headers.get("Accept-Encoding"));
  if (!page_files().empty()) return Error{ErrorKind::not_found, "there is no such file"};
  return Error{ErrorKind::not_found, "this muster was built without its page"};
}

Result<Outcome> start(Call& call) {
  return file(call, "/index.html");
}

Result<Outcome> asset(Call& call) {
  return file(call, "/assets/" + call.parameter("name"));
}

// Who has typed an address is shown the page, which says that it has no such place; a program is
// told as ever.
Result<Outcome> nowhere(Call& call) {
  const auto& method = call.request.method;
  const auto* page = find_page_file(page_files(), "/index.html");
  if (page == nullptr || (method != "GET" && method != "HEAD") || !is_typed(call.request)) {
    return nothing_at(call.request);
  }
  auto response = page_answer(*page, call.request.headers.get("Accept-Encoding"));
  response.status = 404;
  return response;
}

}  // namespace

void add_pages(Router& router) {
  for (const auto* place : kPlaces) router.add("GET", place, start);
  router.add("GET", "/assets/{name}", asset);
  router.otherwise(nowhere);
}

}  // namespace muster::server
