#include "client/source_pack.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "client/git.hpp"
#include "client/working_tree.hpp"
#include "pipeline/compile.hpp"

namespace muster::client {
namespace {

constexpr auto kConfigPath = ".circleci/config.yml";

Error invalid(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

Result<std::filesystem::path> find_root(const std::filesystem::path& directory, const Git& git) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    return invalid(fmt::format("{} is not a directory", directory.string()));
  }
  const auto answer = git.ask({"rev-parse", "--show-toplevel"});
  if (!answer) return answer.error();
  if (answer->code == 0) return std::filesystem::path(trim(answer->output));
  const auto& message = answer->message;
  if (message.find("not a git repository") != std::string::npos) {
    return invalid(
        fmt::format("{} is not in a git repository; muster runs what is committed: "
                    "git init, add and commit first",
                    directory.string()));
  }
  if (message.find("must be run in a work tree") != std::string::npos) {
    return invalid(fmt::format("{} is a bare repository; give a directory that has its files",
                               directory.string()));
  }
  return invalid(
      fmt::format("git refuses {}: {}", directory.string(), printable(trim(message), 500)));
}

Result<std::string> find_head(const Git& git, const std::filesystem::path& root) {
  const auto answer = git.ask({"rev-parse", "--verify", "--quiet", "HEAD^{commit}"});
  if (!answer) return answer.error();
  if (answer->code == 0) return std::string(trim(answer->output));
  return invalid(fmt::format("{} has no commit yet; commit first", root.string()));
}

Result<std::string> find_branch(const Git& git) {
  const auto answer = git.ask({"symbolic-ref", "--quiet", "--short", "HEAD"});
  if (!answer) return answer.error();
  return std::string(trim(answer->output));  // empty if HEAD names no branch
}

Error config_too_long(const Git& git, const std::string& blob) {
  const auto size = git.get({"cat-file", "-s", blob});
  if (!size) return size.error();
  return {ErrorKind::too_large,
          fmt::format("{} has {} bytes, and no server takes more than {}; make it shorter",
                      kConfigPath, *size, pipeline::kLongestConfig)};
}

Result<std::string> read_config(const Git& git, const std::filesystem::path& root,
                                const std::string& revision) {
  const auto blob = fmt::format("{}:{}", revision, kConfigPath);
  const auto answer = git.ask({"cat-file", "blob", blob});
  if (!answer) {
    const bool too_long = answer.error().kind == ErrorKind::too_large;
    return too_long ? config_too_long(git, blob) : answer.error();
  }
  if (answer->output.size() > pipeline::kLongestConfig) return config_too_long(git, blob);
  if (answer->code == 0) return answer->output;
  std::error_code ignored;
  if (std::filesystem::exists(root / kConfigPath, ignored)) {
    return invalid(fmt::format("{} is in {}, but not committed; commit it, or use --working-tree",
                               kConfigPath, root.string()));
  }
  return invalid(fmt::format("{} has no {}; write one first", root.string(), kConfigPath));
}

Result<std::int64_t> count_changes(const Git& git) {
  const auto status = git.get({"status", "--porcelain=v1", "-z", "--no-renames"});
  if (!status) return status.error();
  return std::count(status->begin(), status->end(), '\0');
}

Result<void> write_pack(const Git& git, SourcePack& source) {
  const auto objects = source.scratch.path() / "objects.list";
  source.file = source.scratch.path() / "source.pack";
  auto listed =
      git.pump({"rev-list", "--objects", "--no-walk", source.revision}, "/dev/null", objects);
  if (!listed) return listed;
  return git.pump({"pack-objects", "--stdout", "-q"}, objects, source.file);
}

Result<void> measure(SourcePack& source) {
  const UniqueFd file(::open(source.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error(errno, "cannot read the pack");
  Sha256 sum;
  std::string chunk(1 << 20, '\0');
  for (;;) {
    const auto got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "cannot read the pack");
    if (got == 0) break;
    source.size += static_cast<std::uint64_t>(got);
    sum.update(std::string_view(chunk).substr(0, static_cast<std::size_t>(got)));
  }
  source.sha256 = sum.hex();
  if (source.size <= kLargestPack) return ok();
  return Error{ErrorKind::too_large,
               fmt::format("the files of this commit make a pack of {} MiB; the most that can be "
                           "sent is {} MiB",
                           source.size >> 20, kLargestPack >> 20)};
}

// What is in the pack: HEAD, or HEAD with the changes on top.
Result<void> choose_commit(Git& git, const std::filesystem::path& root, bool working_tree,
                           SourcePack& source) {
  const auto head = find_head(git, root);
  if (!head) return head.error();
  source.revision = *head;
  const auto subject = git.get({"show", "--no-patch", "--format=%s", *head});
  if (!subject) return subject.error();
  source.subject = *subject;
  if (working_tree) {
    auto commit = commit_working_tree(git, *head, *subject, source.scratch.path());
    if (!commit) return commit.error();
    source.revision = *commit;
    return ok();
  }
  const auto changes = count_changes(git);
  if (!changes) return changes.error();
  source.left_out = *changes;
  return ok();
}

}  // namespace

Result<SourcePack> pack_source(const std::filesystem::path& directory, bool working_tree,
                               std::stop_token stop) {
  auto scratch = Scratch::make();
  if (!scratch) return scratch.error();
  SourcePack source{std::move(*scratch)};

  const auto root = find_root(directory, Git(directory, source.scratch.path(), stop));
  if (!root) return root.error();
  source.project = root->filename().string();
  Git git(*root, source.scratch.path(), stop);

  if (auto chosen = choose_commit(git, *root, working_tree, source); !chosen) {
    return chosen.error();
  }
  auto branch = find_branch(git);
  if (!branch) return branch.error();
  source.branch = std::move(*branch);
  auto config = read_config(git, *root, source.revision);
  if (!config) return config.error();
  source.config = std::move(*config);
  if (auto written = write_pack(git, source); !written) return written.error();
  if (auto measured = measure(source); !measured) return measured.error();
  return source;
}

}  // namespace muster::client
