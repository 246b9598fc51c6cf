#include "client/working_tree.hpp"

#include <cstdlib>

#include <fmt/core.h>

namespace muster::client {
namespace {

namespace fs = std::filesystem;

Error failure(const std::error_code& code, std::string_view attempted) {
  return system_error(code.value(), attempted);
}

// A path inside the repository's own directory, wherever that is.
Result<fs::path> git_path(const Git& git, const std::string& name) {
  auto path = git.get({"rev-parse", "--path-format=absolute", "--git-path", name});
  if (!path) return path.error();
  return fs::path(*path);
}

// Starting from the person's index keeps what they added by force, and spares reading files that
// have not changed. The copy must be as old as the original: git tells by that age which entries
// it may not trust.
Result<void> copy_index(const fs::path& from, const fs::path& to) {
  std::error_code code;
  if (!fs::exists(from, code)) return ok();
  const auto age = fs::last_write_time(from, code);
  if (!code) fs::copy_file(from, to, code);
  if (!code) fs::last_write_time(to, age, code);
  if (code) return failure(code, "cannot copy the index of the repository");
  return ok();
}

// As a member of GIT_ALTERNATE_OBJECT_DIRECTORIES, where a colon separates.
std::string quoted(const fs::path& path) {
  std::string text = "\"";
  for (const char c : path.string()) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

// New objects go to `scratch`; the repository's own are still found.
Result<void> redirect_objects(Git& git, const fs::path& scratch) {
  const auto objects = git_path(git, "objects");
  if (!objects) return objects.error();
  auto alternates = quoted(*objects);
  if (const char* more = std::getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES")) {
    alternates += fmt::format(":{}", more);
  }
  const auto fresh = scratch / "objects";
  std::error_code code;
  fs::create_directory(fresh, code);
  if (code) return failure(code, "cannot make a directory for temporary objects");
  git.set("GIT_OBJECT_DIRECTORY", fresh.string());
  git.set("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates);
  return ok();
}

// Nobody's name need be configured for a commit that nobody keeps.
void sign_as_muster(Git& git) {
  for (const auto* role : {"AUTHOR", "COMMITTER"}) {
    git.set(fmt::format("GIT_{}_NAME", role), "muster run");
    git.set(fmt::format("GIT_{}_EMAIL", role), "muster@localhost");
  }
}

}  // namespace

Result<std::string> commit_working_tree(Git& git, const std::string& head,
                                        const std::string& subject, const fs::path& scratch) {
  const auto index = git_path(git, "index");
  if (!index) return index.error();
  if (auto copied = copy_index(*index, scratch / "index"); !copied) return copied.error();
  if (auto redirected = redirect_objects(git, scratch); !redirected) return redirected.error();
  git.set("GIT_INDEX_FILE", scratch / "index");
  sign_as_muster(git);

  if (auto added = git.get({"add", "--all"}); !added) return added.error();
  const auto tree = git.get({"write-tree"});
  if (!tree) return tree.error();
  const auto before = git.get({"rev-parse", head + "^{tree}"});
  if (!before) return before.error();
  if (*tree == *before) return head;
  return git.get({"commit-tree", *tree, "-p", head, "-m", subject + " (and uncommitted changes)"});
}

}  // namespace muster::client
