#include "net/http_outgoing.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/core.h>

#include "base/log.hpp"

namespace muster::net {

namespace {

constexpr std::size_t kPiece = 256 * 1024;

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Other";
  }
}

// These have no body, and say so by their number (RFC 9110, 8.6).
bool is_bodiless(int status) {
  return status == 204 || status == 304;
}

std::string head_of(const Response& response, std::uint64_t length,
                    const Outgoing::Manner& manner) {
  auto head = fmt::format("HTTP/1.1 {} {}\r\nServer: muster\r\n", response.status,
                          reason_of(response.status));
  if (!response.headers.get("Date")) {
    head += fmt::format("Date: {}\r\n", format_http_date(system_clock().wall()));
  }
  if (!is_bodiless(response.status) && !manner.goes_on)
    head += fmt::format("Content-Length: {}\r\n", length);
  if (!manner.keep_alive) {
    head += "Connection: close\r\n";
  } else if (manner.version == 10) {
    head += "Connection: keep-alive\r\n";
  }
  for (const auto& [name, value] : response.headers.all()) {
    if (is_one_line(name) && is_one_line(value)) head += fmt::format("{}: {}\r\n", name, value);
  }
  return head + "\r\n";
}

}  // namespace

Response plain_error(int status, std::string_view sentence) {
  Response response{.status = status, .body = fmt::format("{{\"message\":\"{}\"}}", sentence)};
  response.headers.set("Content-Type", "application/json");
  return response;
}

Outgoing::Outgoing(Response response, const Manner& manner) {
  if (response.file) {
    if (auto opened = open(*response.file); !opened) {
      log::error("cannot send a file", {{"reason", opened.error().message}});
      response = plain_error(500, "The file that was asked for cannot be read.");
    }
  }
  piece_ = head_of(response, response.file ? left_ : response.body.size(), manner);
  body_ = std::move(response.body);
  if (response.file || manner.head_only || is_bodiless(response.status)) body_.clear();
  if (manner.head_only || is_bodiless(response.status)) left_ = 0;
}

void Outgoing::add(std::string piece) {
  body_ = std::move(piece);
  body_sent_ = 0;
}

Result<void> Outgoing::open(const FileSlice& slice) {
  const auto path = slice.path.string();
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return system_error(errno, path);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (slice.offset > size || slice.length > size - slice.offset) {
    return Error{ErrorKind::out_of_range,
                 fmt::format("{} has only {} bytes, but {} from {} were promised", path, size,
                             slice.length, slice.offset)};
  }
  file_ = std::move(file);
  offset_ = slice.offset;
  left_ = slice.length;
  return ok();
}

Result<std::string_view> Outgoing::next() {
  constexpr std::size_t kSmall = 16 * 1024;  // goes out together with the head
  if (!head_sent_) {
    head_sent_ = true;
    if (body_.size() <= kSmall) piece_ += std::exchange(body_, {});
    return std::string_view(piece_);
  }
  if (left_ > 0) return next_of_file();
  const auto piece = std::string_view(body_).substr(body_sent_, kPiece);
  body_sent_ += piece.size();
  return piece;
}

Result<std::string_view> Outgoing::next_of_file() {
  piece_.resize(std::min<std::uint64_t>(left_, kPiece));
  ssize_t got = 0;
  do {
    got = ::pread(file_.get(), piece_.data(), piece_.size(), static_cast<off_t>(offset_));
  } while (got < 0 && errno == EINTR);
  if (got < 0) return system_error(errno, "read");
  if (got == 0) return Error{ErrorKind::out_of_range, "a file became shorter while it was sent"};
  piece_.resize(static_cast<std::size_t>(got));
  offset_ += piece_.size();
  left_ -= piece_.size();
  return std::string_view(piece_);
}

}  // namespace muster::net
