// `muster backup`: a copy of what a server keeps, made beside it.

#include <cstdio>

#include <fmt/core.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "store/backup.hpp"

namespace muster::cli {

namespace {

constexpr std::size_t kLongestPath = 1000;

std::string in_words(const std::string& directory, const store::Backup& backup) {
  return fmt::format("{}: {}, {}; a database of {}, {} of {}, {} of {}\n",
                     printable(directory, kLongestPath), count_of(backup.pipelines, "pipeline"),
                     count_of(backup.tasks, "task"),
                     count_of(static_cast<std::int64_t>(backup.database_bytes), "byte"),
                     count_of(backup.outputs.count, "output file"),
                     count_of(static_cast<std::int64_t>(backup.outputs.bytes), "byte"),
                     count_of(backup.sources.count, "source"),
                     count_of(static_cast<std::int64_t>(backup.sources.bytes), "byte"));
}

std::string as_json(const std::string& directory, const store::Backup& backup) {
  return fmt::format(
      R"({{"directory":{},"pipelines":{},"tasks":{},"database_bytes":{},"output_files":{},)"
      R"("output_bytes":{},"sources":{},"source_bytes":{},"missing_sources":{}}})"
      "\n",
      json_text(directory), backup.pipelines, backup.tasks, backup.database_bytes,
      backup.outputs.count, backup.outputs.bytes, backup.sources.count, backup.sources.bytes,
      backup.missing_sources);
}

}  // namespace

int run(const BackupOptions& options) {
  if (options.data_directory.empty()) {
    return report({ErrorKind::invalid,
                   "no directory to copy: give the server's by --data DIR, or set $HOME"});
  }
  const Interrupt interrupt;
  const auto made = store::back_up(options.data_directory, options.directory, interrupt.token());
  if (!made) return report(made.error());
  const auto directory = options.directory.string();
  fmt::print("{}", options.json ? as_json(directory, *made) : in_words(directory, *made));
  if (made->missing_sources > 0) {
    fmt::print(stderr, "muster: {} missing, also in the backup: pipelines name what is not in {}\n",
               made->missing_sources == 1 ? std::string("1 source is")
                                          : fmt::format("{} sources are", made->missing_sources),
               printable((options.data_directory / "sources").string(), kLongestPath));
  }
  return 0;
}

}  // namespace muster::cli
