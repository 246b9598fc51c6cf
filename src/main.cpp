// muster: what was asked for, then the command that does it.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>

#include <fmt/core.h>

#include "agent/exec.hpp"
#include "agent/sandbox_keeper.hpp"
#include "cli/commands.hpp"
#include "cli/parse.hpp"
#include "process/child.hpp"

#ifdef MUSTER_STATIC
#include <nss.h>
#endif

namespace {

int show(const muster::cli::Answer& answer) {
  fmt::print(stdout, "{}", answer.output);
  fmt::print(stderr, "{}", answer.error);
  return answer.code;
}

// A static program would load what /etc/nsswitch.conf names, and with it the machine's C library,
// which is not the one that it was made for. It finds users and hosts by itself instead.
void look_names_up_without_plugins() {
#ifdef MUSTER_STATIC
  for (const auto* database : {"passwd", "group", "initgroups", "services"}) {
    __nss_configure_lookup(database, "files");
  }
  __nss_configure_lookup("hosts", "files dns");
#endif
}

int run(const muster::cli::Options& options) {
  return std::visit([](const auto& chosen) { return muster::cli::run(chosen); }, options);
}

int run(int argc, char** argv) {
  muster::process::forbid_inspection();  // before there is a token in memory
  look_names_up_without_plugins();
  if (argc == 2 && argv[1] == muster::agent::kExecWord) return muster::agent::run_agent_exec();
  if (argc == 2 && argv[1] == muster::agent::kSandboxWord) {
    return muster::agent::run_sandbox_keeper();
  }
  std::signal(SIGPIPE, SIG_IGN);  // a peer that goes away is an error of the write, not our end
  std::signal(SIGXFSZ, SIG_IGN);  // nor is a file that may not grow further

  if (argc == 1 && muster::cli::is_function()) return muster::cli::run_function();
  const auto asked = muster::cli::parse({argv + 1, argv + argc});
  const auto* answer = std::get_if<muster::cli::Answer>(&asked);
  return answer != nullptr ? show(*answer) : run(std::get<muster::cli::Options>(asked));
}

// What was printed and could not be written is no success, unless the command has told of a trouble
// already. `why`: errno of the write that failed, if it is known.
int after_output(int code, int why) {
  errno = 0;
  const bool flushed = std::fflush(stdout) == 0;
  if (!flushed) why = errno;
  constexpr int kNo = 1;
  const bool written = flushed && std::ferror(stdout) == 0;
  // Whoever closes a pipe, as `head` does, has read enough.
  if (written || code > kNo || why == EPIPE) return code;
  const auto error = muster::system_error(why == 0 ? EIO : why, "cannot write to standard output");
  return muster::cli::report({muster::ErrorKind::exhausted, error.message});
}

int report_fault(const std::exception& fault) {
  return muster::cli::report(
      {muster::ErrorKind::internal, fmt::format("a fault of muster's own: {}", fault.what())});
}

}  // namespace

int main(int argc, char** argv) {
  int code = 0;
  int why = 0;
  try {
    code = run(argc, argv);
  } catch (const std::system_error& fault) {
    const bool printing = std::ferror(stdout) != 0;
    if (printing) {
      why = fault.code().value();
    } else {
      code = report_fault(fault);
    }
  } catch (const std::exception& fault) {
    code = report_fault(fault);
  }
  return after_output(code, why);
}
