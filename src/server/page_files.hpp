#pragma once

// The page's files, as the build has made them of web/ (cmake/MusterPage.cmake). They lie in the
// program, and last as long.

#include <span>
#include <string_view>

namespace muster::server {

struct PageFile {
  std::string_view path;  // as in a URL: "/index.html", "/assets/…"
  std::string_view type;  // its Content-Type
  std::string_view content;
  std::string_view gzip;  // the same, compressed
};

// Empty if the program was built without the page (MUSTER_PAGE=OFF).
std::span<const PageFile> page_files();

}  // namespace muster::server
