#include "server/page.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace muster::server {
namespace {

// Nothing from elsewhere, no script but ours, and in nobody's frame.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

bool is_refused(std::string_view parameter) {
  const auto value = trim(parameter);
  if (!value.starts_with("q=0")) return false;
  return value.find_first_not_of("0.", 2) == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> any;
  for (const auto& entry : split(accept_encoding, ',')) {
    const auto parts = split(entry, ';');
    const auto coding = trim(parts.front());
    const bool accepted = parts.size() < 2 || !is_refused(parts[1]);
    if (net::equal_ignoring_case(coding, "gzip")) return accepted;
    if (coding == "*") any = accepted;
  }
  return any.value_or(false);
}

bool is_typed(const net::Request& request) {
  constexpr std::string_view kApi = "/api";
  const std::string_view path = request.path;
  const bool of_api =
      path.starts_with(kApi) && (path.size() == kApi.size() || path[kApi.size()] == '/');
  const bool is_file = path.substr(path.rfind('/') + 1).find('.') != std::string_view::npos;
  if (of_api || is_file || path.starts_with("/assets/")) return false;
  const auto accepted = split(request.headers.get("Accept").value_or(""), ',');
  return std::any_of(accepted.begin(), accepted.end(), [](const std::string& entry) {
    return net::equal_ignoring_case(trim(split(entry, ';').front()), "text/html");
  });
}

const PageFile* find_page_file(std::span<const PageFile> files, std::string_view path) {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const PageFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

net::Response page_answer(const PageFile& file, const std::optional<std::string>& accept_encoding) {
  const bool compressed = accepts_gzip(accept_encoding.value_or(""));
  net::Response response{.body = std::string(compressed ? file.gzip : file.content)};
  auto& headers = response.headers;
  headers.set("Content-Type", std::string(file.type));
  if (compressed) headers.set("Content-Encoding", "gzip");
  headers.set("Vary", "Accept-Encoding");
  headers.set("Cache-Control", file.path.starts_with("/assets/")
                                   ? "public, max-age=31536000, immutable"
                                   : "no-store");
  headers.set("Content-Security-Policy", kContentSecurityPolicy);
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace muster::server
