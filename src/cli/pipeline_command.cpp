#include <cstdio>

#include <fmt/format.h>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "cli/client_session.hpp"
#include "cli/commands.hpp"
#include "cli/follow.hpp"
#include "cli/step_output.hpp"
#include "client/display.hpp"
#include "client/pipeline_view.hpp"
#include "protocol/json.hpp"

namespace muster::cli {
namespace {

constexpr int kTooLate = 1;
constexpr int kTooEarly = 1;

int list(client::Api& api, const PipelineOptions& options) {
  const auto pipelines = api.pipelines();
  if (!pipelines) return report(pipelines.error());
  if (options.json) {
    fmt::print("{}\n", protocol::to_json(*pipelines));
  } else {
    print_lines(client::list_pipelines(*pipelines, system_clock().wall()));
  }
  return 0;
}

int show(client::Api& api, const PipelineOptions& options) {
  const auto status = api.pipeline(options.id);
  if (!status) return report(status.error());
  if (options.json) {
    fmt::print("{}\n", protocol::to_json(*status));
  } else {
    print_lines(render(*status, system_clock().wall(), client::standard_output_style()));
  }
  return 0;
}

// Before it becomes part of an address.
Result<void> check_id(const std::string& id) {
  if (parse_int(id).value_or(-1) >= 0 || is_uuid(id)) return ok();
  return Error{ErrorKind::invalid,
               fmt::format("'{}' is no pipeline: give its number, as in 'muster pipeline list', or "
                           "its id",
                           printable(id))};
}

int cancel(client::Api& api, const PipelineOptions& options) {
  const auto status = api.pipeline(options.id);
  if (!status) return report(status.error());
  if (client::has_ended(*status)) {
    fmt::print(stderr, "Pipeline {} has ended already: {}.\n", status->number,
               client::whole(status->state));
    return kTooLate;
  }
  const auto canceled = api.cancel(options.id);
  if (!canceled) return report(canceled.error());
  fmt::print(stderr, "Canceling; tasks that run end when their runners have ended them.\n");
  return 0;
}

int rerun(client::Api& api, const PipelineOptions& options) {
  const auto status = api.pipeline(options.id);
  if (!status) return report(status.error());
  if (!client::has_ended(*status)) {
    fmt::print(stderr, "Pipeline {0} still runs: muster pipeline cancel {0} ends it.\n",
               status->number);
    return kTooEarly;
  }
  const auto accepted = api.rerun(options.id, {{}, options.from_failed});
  if (!accepted) return report(accepted.error());
  fmt::print(stderr, "Pipeline {0} runs again: muster pipeline follow {0} shows it.\n",
             status->number);
  return 0;
}

}  // namespace

int run(const PipelineOptions& options) {
  if (options.action != PipelineOptions::Action::list) {
    if (auto good = check_id(options.id); !good) return report(good.error());
  }
  const auto access = find_access(options.client);
  if (!access) return report(access.error());
  if (options.action == PipelineOptions::Action::follow) {
    const Interrupt interrupt;
    return follow(*access, options.id, {.json = options.json}, interrupt);
  }
  client::Api api(*access);
  switch (options.action) {
    case PipelineOptions::Action::show:
      return show(api, options);
    case PipelineOptions::Action::output:
      return print_output(api, options);
    case PipelineOptions::Action::cancel:
      return cancel(api, options);
    case PipelineOptions::Action::rerun:
      return rerun(api, options);
    default:
      return list(api, options);
  }
}

}  // namespace muster::cli
