#include "agent/agent.hpp"
#include "agent/settings.hpp"
#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/metrics_endpoint.hpp"
#include "net/call_count.hpp"
#include "net/trust.hpp"
#include "process/child.hpp"
#include "process/guardian.hpp"

namespace muster::cli {
namespace {

// Or the exit code, once it is said what is wrong.
tl::expected<agent::LoadedSettings, int> load(const std::string& config_file) {
  const auto variables = agent::take_variables();
  const auto text = agent::read_settings_file(config_file);
  if (!text) return tl::unexpected(report(text.error()));
  auto read = agent::read_settings(*text, variables, agent::own_hostname());
  auto* loaded = std::get_if<agent::LoadedSettings>(&read);
  if (loaded != nullptr) {
    const auto& ca_file = loaded->settings.ca_file;
    const auto fine = ca_file.empty() ? ok() : net::check_authorities(ca_file);
    if (!fine) return tl::unexpected(report(fine.error().within("api.ca_file")));
    if (config_file != "-") loaded->settings.file = config_file;
    return std::move(*loaded);
  }
  return tl::unexpected(report(std::move(std::get<yaml::Problems>(read)),
                               config_file == "-" ? "standard input" : config_file));
}

// By outcome, of those to the server: an agent makes no others.
std::map<std::string, std::uint64_t> calls_to_server() {
  std::map<std::string, std::uint64_t> calls;
  for (const auto& [call, count] : net::call_counts()) calls[call.second] += count;
  return calls;
}

int work(const agent::Settings& settings, const AgentOptions& options, UniqueFd guardian) {
  agent::AgentMetrics metrics;
  std::unique_ptr<net::SideServer> shown;
  const auto begin = [&]() -> Result<void> {
    auto opened = show(options.metrics_listen, {[&] { return metrics.text(calls_to_server()); },
                                                [&] { return metrics.ready(); }});
    if (!opened) return opened.error();
    shown = *std::move(opened);
    return ok();
  };
  const auto ended =
      agent::run_agent(settings, options.job_user, std::move(guardian), metrics, begin);
  return ended ? 0 : report(ended.error());
}

}  // namespace

// Up to the fork there is one thread, and a signal ends us: also while nobody writes to the
// standard input from which we read.
int run(const AgentOptions& options) {
  const auto loaded = load(options.config_file);
  if (!loaded) return loaded.error();
  if (const auto configured = log::configure(loaded->settings.logging); !configured) {
    return report(configured.error());
  }
  for (const auto& warning : loaded->warnings) log::warn(warning);
  const auto ended = process::run_guarded(
      [&](UniqueFd guardian) { return work(loaded->settings, options, std::move(guardian)); });
  return ended ? *ended : report(ended.error());
}

}  // namespace muster::cli
