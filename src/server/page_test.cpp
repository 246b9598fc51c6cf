#include "server/page.hpp"

#include <gmock/gmock.h>

namespace muster::server {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr PageFile kFiles[] = {
    {"/index.html", "text/html; charset=utf-8", "<html>", "packed page"},
    {"/assets/a-1.js", "text/javascript; charset=utf-8", "run()", "packed script"}};

struct Encoding {
  const char* header;
  bool gzip;
};
class PageEncoding : public testing::TestWithParam<Encoding> {};

TEST_P(PageEncoding, IsAsTheBrowserAsks) {
  const auto& [header, gzip] = GetParam();
  const auto response = page_answer(kFiles[1], header);
  EXPECT_EQ(response.body, gzip ? "packed script" : "run()");
  EXPECT_EQ(response.headers.get("Content-Encoding").value_or("none"), gzip ? "gzip" : "none");
  EXPECT_EQ(response.headers.get("Vary"), "Accept-Encoding");
}

INSTANTIATE_TEST_SUITE_P(
    Headers, PageEncoding,
    testing::Values(Encoding{"gzip", true}, Encoding{"gzip, deflate, br, zstd", true},
                    Encoding{"br , GZIP;q=0.5", true}, Encoding{"*", true},
                    Encoding{"gzip;q=0", false}, Encoding{"gzip; q=0.000, *", false},
                    Encoding{"*;q=0", false}, Encoding{"br", false}, Encoding{"xgzip", false},
                    Encoding{"", false}, Encoding{",;,", false}));

TEST(Page, ANameWithAHashIsKeptAndThePageIsNot) {
  EXPECT_EQ(page_answer(kFiles[0], "").headers.get("Cache-Control"), "no-store");
  EXPECT_THAT(page_answer(kFiles[1], "").headers.get("Cache-Control").value_or(""),
              HasSubstr("immutable"));
}

TEST(Page, MayLoadNothingFromElsewhereAndStandInNoFrame) {
  for (const auto& file : kFiles) {
    const auto response = page_answer(file, std::nullopt);
    const auto policy = response.headers.get("Content-Security-Policy").value_or("");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_THAT(policy, Not(HasSubstr("http")));
    EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(response.headers.get("Referrer-Policy"), "no-referrer");
  }
}

TEST(Page, OnlyWholeNamesAreFound) {
  EXPECT_EQ(find_page_file(kFiles, "/assets/a-1.js"), &kFiles[1]);
  for (const auto* path : {"", "/", "/assets/", "/assets/a-1", "/assets/../index.html"}) {
    EXPECT_EQ(find_page_file(kFiles, path), nullptr) << path;
  }
}

struct Lost {
  const char* path;
  const char* accept;
  bool typed;
};
class LostRequest : public testing::TestWithParam<Lost> {};

TEST_P(LostRequest, IsAPersonsOrAPrograms) {
  const auto& [path, accept, typed] = GetParam();
  net::Request request{.method = "GET", .path = path};
  request.headers.set("Accept", accept);
  EXPECT_EQ(is_typed(request), typed) << path << ", " << accept;
}

INSTANTIATE_TEST_SUITE_P(
    Requests, LostRequest,
    testing::Values(Lost{"/flet", "text/html,application/xhtml+xml,*/*;q=0.8", true},
                    Lost{"/a/b/c", "*/* , TEXT/HTML;q=0.9", true}, Lost{"/apis", "text/html", true},
                    Lost{"/v1.2/x", "text/html", true}, Lost{"/flet", "*/*", false},
                    Lost{"/flet", "", false}, Lost{"/flet", "text/htmlx", false},
                    Lost{"/api", "text/html", false}, Lost{"/api/v9", "text/html", false},
                    Lost{"/favicon.ico", "text/html", false},
                    Lost{"/assets/x", "text/html", false}));

// What is asked for by the page is in the program.
TEST(Page, IsWhole) {
  const auto* start = find_page_file(page_files(), "/index.html");
  if (page_files().empty()) GTEST_SKIP() << "built without the page";
  ASSERT_NE(start, nullptr);
  EXPECT_GE(page_files().size(), 3U);
  for (const auto& file : page_files()) {
    EXPECT_TRUE(file.gzip.starts_with("\x1f\x8b")) << file.path;
    if (&file == start) continue;
    EXPECT_THAT(start->content, HasSubstr(file.path));
  }
}

TEST(Page, IsSmall) {
  std::size_t bytes = 0;
  for (const auto& file : page_files()) bytes += file.gzip.size();
  EXPECT_LT(bytes, 60'000U);
}

}  // namespace
}  // namespace muster::server
