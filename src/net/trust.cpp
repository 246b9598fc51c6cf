#include "net/trust.hpp"

#include <sys/auxv.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace muster::net {

namespace {

bool is_hashed_name(std::string_view name) {
  constexpr std::string_view kHex = "0123456789abcdef";
  return name.size() == 10 && name.ends_with(".0") && name.find_first_not_of(kHex) == 8;
}

bool is_packed_with(const std::filesystem::path& certificates,
                    const std::filesystem::path& executable) {
  struct stat directory {};
  struct stat program {};
  return ::stat(certificates.c_str(), &directory) == 0 &&
         ::stat(executable.c_str(), &program) == 0 && directory.st_uid == program.st_uid &&
         (directory.st_mode & S_IWOTH) == 0;
}

}  // namespace

bool has_hashed_names(const std::filesystem::path& directory) {
  std::error_code failed;
  std::filesystem::directory_iterator entries(directory, failed);
  for (; !failed && entries != std::filesystem::directory_iterator(); entries.increment(failed)) {
    if (is_hashed_name(entries->path().filename().string())) return true;
  }
  return false;
}

std::filesystem::path own_executable() {
  std::error_code failed;
  auto known = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (!failed) return known;
  // There is no /proc. What the kernel was told to start is as good if it does not depend on
  // where we are now.
  // NOLINTNEXTLINE(performance-no-int-to-ptr): getauxval gives addresses as numbers
  const auto* started = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  known = started != nullptr ? started : "";
  return known.is_absolute() ? known : std::filesystem::path();
}

std::string certificate_search_path(const std::filesystem::path& executable,
                                    const std::filesystem::path& directory) {
  std::string path;
  const auto packed = executable.parent_path() / "certs";
  const bool can_be_named = packed.native().find(':') == std::string::npos;
  if (can_be_named && is_packed_with(packed, executable) && has_hashed_names(packed)) path = packed;
  if (!directory.empty() && has_hashed_names(directory)) {
    if (!path.empty()) path += ':';
    path += directory;
  }
  return path;
}

Result<void> check_authorities(const std::filesystem::path& file) {
  constexpr std::uint64_t kLongest = 16 << 20;  // a system's bundle has some 200 KiB
  const auto text = read_file(file, kLongest);
  if (!text) return Error{ErrorKind::invalid, text.error().message};
  // OpenSSL knows three headings; none is part of another text.
  for (const auto* heading : {"-----BEGIN CERTIFICATE-----", "-----BEGIN TRUSTED CERTIFICATE-----",
                              "-----BEGIN X509 CERTIFICATE-----"}) {
    if (text->find(heading) != std::string::npos) return ok();
  }
  return Error{ErrorKind::invalid,
               fmt::format("{} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)",
                           printable(file.string(), 1000))};
}

}  // namespace muster::net
