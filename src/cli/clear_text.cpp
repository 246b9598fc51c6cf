#include "cli/clear_text.hpp"

#include <cstdio>

#include <fmt/core.h>

#include "base/log.hpp"
#include "net/server_url.hpp"

namespace muster::cli {

std::optional<std::string> clear_text_warning(const std::string& setting, const std::string& url) {
  const auto closed = net::private_server_url(url);
  if (closed) return std::nullopt;
  return closed.error().within(setting).message;
}

std::optional<std::string> clear_text_warning(const ScaleConfig& config) {
  const auto* server = std::get_if<demand::ServerAccess>(&config.queue);
  if (server == nullptr) return std::nullopt;
  return clear_text_warning("server.url", server->url);
}

void log_clear_text(const ScaleConfig& config) {
  if (const auto warning = clear_text_warning(config)) log::warn(*warning);
}

void print_clear_text(const std::optional<std::string>& warning) {
  if (warning) fmt::print(stderr, "muster: warning: {}\n", *warning);
}

}  // namespace muster::cli
