#include "base/error.hpp"

#include <cerrno>
#include <system_error>

#include <fmt/core.h>

namespace muster {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::unauthenticated:
      return "unauthenticated";
    case ErrorKind::forbidden:
      return "forbidden";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::out_of_range:
      return "out_of_range";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::exhausted:
      return "exhausted";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::internal:
      return "internal";
  }
  return "unknown";
}

Error Error::within(std::string_view attempted) const {
  return {kind, fmt::format("{}: {}", attempted, message)};
}

namespace {

ErrorKind kind_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ESRCH:
      return ErrorKind::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::forbidden;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return ErrorKind::exhausted;
    case EEXIST:
    case EISDIR:
    case ENOTDIR:
    case EADDRINUSE:
    case EADDRNOTAVAIL:
      return ErrorKind::conflict;
    default:
      return ErrorKind::internal;
  }
}

}  // namespace

Error system_error(int error_number, std::string_view attempted) {
  return {kind_of(error_number),
          fmt::format("{}: {}", attempted, std::generic_category().message(error_number))};
}

}  // namespace muster
