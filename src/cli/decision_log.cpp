#include "cli/decision_log.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::cli {

namespace {

constexpr std::uint64_t kLargestText = 1 << 30;

// Of a pipe it is not asked, as what is read of it is gone.
bool is_database_file(const std::filesystem::path& path) {
  std::error_code unreadable;
  if (!std::filesystem::is_regular_file(path, unreadable)) return false;
  std::string beginning(16, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  return history::is_database(beginning);
}

Result<history::LeftOut> read_any(const std::string& log, const history::Visit& visit) {
  std::filesystem::path path = log;
  std::error_code unreadable;
  if (std::filesystem::is_directory(path, unreadable)) path /= "scaler.db";
  if (is_database_file(path)) return history::read_database(path, visit);
  const auto text =
      log == "-" ? read_all(STDIN_FILENO, kLargestText) : read_file(path, kLargestText);
  if (!text) return text.error();
  if (history::is_database(*text)) {
    return Error{ErrorKind::invalid, "this is a database: give its file instead"};
  }
  auto read = history::read_lines(*text, visit);
  return read ? read : read.error().within(log_name(log));
}

void tell_cut_off(const std::string& log, std::span<const std::int64_t> lines) {
  constexpr std::size_t kMostNamed = 5;
  const auto named = lines.first(std::min(lines.size(), kMostNamed));
  const auto more = lines.size() - named.size();
  fmt::print(stderr, "muster: {}: {} cut off, and left out: line {}{}\n", log_name(log),
             lines.size() == 1 ? "a record is" : fmt::format("{} records are", lines.size()),
             fmt::join(named, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

std::string log_name(const std::string& log) {
  return log == "-" ? "standard input" : printable(log, 1000);
}

Result<history::LeftOut> read_log(const std::string& log, const history::Visit& visit) {
  auto read = read_any(log, visit);
  if (read && !read->cut_off.empty()) tell_cut_off(log, read->cut_off);
  return read;
}

}  // namespace muster::cli
