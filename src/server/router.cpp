#include "server/router.hpp"

#include "base/text.hpp"

namespace muster::server {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  return split(path, '/');
}

bool is_parameter(const std::string& part) {
  return part.starts_with('{');
}

std::optional<std::map<std::string, std::string>> fit(const std::vector<std::string>& pattern,
                                                      const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  std::map<std::string, std::string> parameters;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_parameter(pattern[i])) {
      parameters[pattern[i].substr(1, pattern[i].size() - 2)] = path[i];
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return parameters;
}

}  // namespace

void Router::add(std::string method, std::string_view pattern, Handler handler) {
  routes_.push_back(
      {std::move(method), std::string(pattern), parts_of(pattern), std::move(handler)});
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  const auto parts = parts_of(path);
  Match nothing;
  for (const auto& route : routes_) {
    auto parameters = fit(route.parts, parts);
    if (!parameters) continue;
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      return {&route.handler, route.method, route.pattern, *std::move(parameters), {}};
    }
    nothing.allowed.insert(route.method);
  }
  if (nothing.allowed.empty() && otherwise_) nothing.handler = &otherwise_;
  return nothing;
}

}  // namespace muster::server
