// muster run: pack, send, submit, follow.

#include <cstdio>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/client_session.hpp"
#include "cli/commands.hpp"
#include "cli/follow.hpp"
#include "client/source_pack.hpp"

namespace muster::cli {
namespace {

using client::SourcePack;
using Submitted = std::variant<protocol::PipelineCreated, protocol::ConfigRefused>;

constexpr int kConfigRefused = 2;

void mention_left_out(const SourcePack& source) {
  if (source.left_out == 0) return;
  fmt::print(stderr, "{} {} not part of this run; --working-tree adds {}.\n",
             count_of(source.left_out, "uncommitted change"), source.left_out == 1 ? "is" : "are",
             source.left_out == 1 ? "it" : "them");
}

Result<Submitted> submit(const client::Access& access, const SourcePack& source,
                         const std::stop_token& stop) {
  client::Api api(access, stop);
  if (auto sent = api.upload(source.file, source.size, source.sha256); !sent) return sent.error();
  protocol::SubmitPipeline wanted;
  wanted.project = source.project;
  wanted.branch = source.branch;
  wanted.revision = source.revision;
  wanted.source_sha256 = source.sha256;
  wanted.subject = source.subject;
  wanted.config = source.config;
  return api.submit(wanted);
}

int report_refused(const protocol::ConfigRefused& refused) {
  for (const auto& problem : refused.errors) {
    const auto path = problem.path.empty() ? "" : printable(problem.path) + ": ";
    fmt::print(stderr, ".circleci/config.yml:{}:{}: {}{}\n", problem.line, problem.column, path,
               printable(problem.message, 500));
  }
  if (refused.errors.empty()) fmt::print(stderr, "muster: {}\n", printable(refused.message, 500));
  return kConfigRefused;
}

}  // namespace

int run(const RunOptions& options) {
  const auto access = find_access(options.client);
  if (!access) return report(access.error());
  const Interrupt interrupt;
  std::string number;
  {
    const auto source =
        client::pack_source(options.directory, options.working_tree, interrupt.token());
    if (!source) return report(source.error());
    mention_left_out(*source);
    const auto submitted = submit(*access, *source, interrupt.token());
    if (!submitted) return report(submitted.error());
    const auto* refused = std::get_if<protocol::ConfigRefused>(&*submitted);
    if (refused != nullptr) return report_refused(*refused);
    number = std::to_string(std::get<protocol::PipelineCreated>(*submitted).number);
  }
  return follow(*access, number,
                {.json = options.json,
                 .fleet = options.fleet,
                 .cancel_on_interrupt = options.cancel_on_interrupt,
                 .submitted = true},
                interrupt);
}

}  // namespace muster::cli
