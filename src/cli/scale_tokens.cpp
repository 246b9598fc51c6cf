// Whether the tokens that muster.yaml names can be used.

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "base/token_file.hpp"
#include "cli/scale_config.hpp"
#include "demand/token_source.hpp"
#include "net/trust.hpp"

namespace muster::cli {

namespace {

std::string how_to_make(const NamedTokenFile& named, const std::string& file) {
  if (named.owner.empty()) return "put a personal API token of CircleCI there";
  return fmt::format("create it with: muster token create {} --output {}", printable(named.owner),
                     file);
}

// Somebody has written the token where its file should be named: that must not be shown.
bool looks_like_token(const std::string& name) {
  constexpr std::size_t kShortestToken = 32;
  return name.size() >= kShortestToken && name.find('.') == std::string::npos &&
         name.find_first_of("0123456789") != std::string::npos;
}

// What is wrong with it, or nothing.
std::string problem_of(const NamedTokenFile& named, bool as_root) {
  const auto file = printable(named.file.string(), 1000);
  std::error_code failure;
  const auto kind = std::filesystem::status(named.file, failure).type();
  if (kind == std::filesystem::file_type::not_found) {
    if (looks_like_token(named.file.filename().string())) {
      return "names no file, and is not shown, since it looks like a token: put that into a file "
             "of mode 600, and the file's path here";
    }
    return fmt::format("there is no {}; {}", file, how_to_make(named, file));
  }
  // It is read again and again, which a pipe cannot be.
  if (!failure && kind != std::filesystem::file_type::regular) return file + " is no regular file";
  const auto token = read_token_file(named.file);
  if (!token) return printable(token.error().message, 1000);
  if (!is_open_to_others(named.file)) return "";
  const auto warning =
      fmt::format("others can read {0}, and it holds a token: run 'chmod 600 {0}'", file);
  if (as_root) return warning;
  log::warn(warning, {{"key", named.key}});
  return "";
}

}  // namespace

yaml::Problems check_tokens(const ScaleConfig& config, bool as_root) {
  yaml::Problems problems;
  for (const auto& named : config.token_files) {
    auto problem = problem_of(named, as_root);
    if (!problem.empty()) yaml::report(problems, {named.at, named.key, std::move(problem)});
  }
  const auto* server = std::get_if<demand::ServerAccess>(&config.queue);
  if (server != nullptr && !server->authorities.file.empty()) {
    if (auto fine = net::check_authorities(server->authorities.file); !fine) {
      yaml::report(problems, {config.ca_file_at, "server.ca_file", fine.error().message});
    }
  }
  const auto* circleci = std::get_if<CircleCiQueue>(&config.queue);
  const auto* variable =
      circleci == nullptr ? nullptr : std::get_if<CircleCiQueue::Variable>(&circleci->token);
  if (variable != nullptr && !demand::has_token_in_variable(variable->name)) {
    yaml::report(problems,
                 {variable->at, "circleci.token_variable",
                  fmt::format("{} is not set in the environment", printable(variable->name))});
  }
  return problems;
}

}  // namespace muster::cli
