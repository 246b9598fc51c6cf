#pragma once

// How the page's files are answered. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "net/http_server.hpp"
#include "server/page_files.hpp"

namespace muster::server {

// Whether an Accept-Encoding lets an answer be compressed (RFC 9110, 12.5.3).
bool accepts_gzip(std::string_view accept_encoding);

// Whether a browser that shows the answer to a person asks for what may be a place of the page: no
// program, and nothing of the API, nor a file.
bool is_typed(const net::Request& request);

const PageFile* find_page_file(std::span<const PageFile> files, std::string_view path);

// What begins with /assets/ has its content's hash in its name, and may be kept for ever.
net::Response page_answer(const PageFile& file, const std::optional<std::string>& accept_encoding);

}  // namespace muster::server
