#include "server/same_site.hpp"

#include <gtest/gtest.h>

namespace muster::server {
namespace {

struct Case {
  const char* name;
  const char* method;
  const char* site;    // Sec-Fetch-Site, if any
  const char* origin;  // if any
  bool allowed;
};

class SameSite : public testing::TestWithParam<Case> {};

TEST_P(SameSite, MayChangeSomething) {
  net::Request head{.method = GetParam().method, .path = "/api/muster/v1/pipelines/1/cancel"};
  head.headers.set("Host", "ci.example.com:8480");
  if (GetParam().site != nullptr) head.headers.set("Sec-Fetch-Site", GetParam().site);
  if (GetParam().origin != nullptr) head.headers.set("Origin", GetParam().origin);
  EXPECT_EQ(check_same_site(head).has_value(), GetParam().allowed);
}

INSTANTIATE_TEST_SUITE_P(
    All, SameSite,
    testing::Values(Case{"NoBrowser", "POST", nullptr, nullptr, true},
                    Case{"OurOwnPage", "POST", "same-origin", "https://ci.example.com:8480", true},
                    Case{"BehindAProxy", "POST", "same-origin", "https://muster.example.com", true},
                    Case{"TypedIn", "POST", "none", nullptr, true},
                    Case{"ALinkFromElsewhere", "GET", "cross-site", nullptr, true},
                    Case{"Elsewhere", "POST", "cross-site", "https://evil.example", false},
                    Case{"AnotherHostOfTheSite", "PUT", "same-site", nullptr, false},
                    Case{"AWordThatIsUnknown", "DELETE", "somewhere", nullptr, false},
                    Case{"AnOldBrowserHere", "POST", nullptr, "https://CI.example.com:8480", true},
                    Case{"AnOldBrowserElsewhere", "POST", nullptr, "https://evil.example", false},
                    Case{"ASandboxedPage", "POST", nullptr, "null", false},
                    Case{"AnotherPort", "POST", nullptr, "http://ci.example.com", false}),
    [](const auto& of) { return std::string(of.param.name); });

TEST(SentByOurPage, AChangeHasTheHeader) {
  struct Asked {
    const char* method;
    const char* header;  // Muster-Request, if any
    bool allowed;
  };
  for (const auto& [method, header, allowed] :
       {Asked{"GET", nullptr, true}, Asked{"HEAD", nullptr, true}, Asked{"POST", "1", true},
        Asked{"DELETE", "1", true}, Asked{"POST", nullptr, false}, Asked{"PUT", nullptr, false},
        Asked{"DELETE", nullptr, false}, Asked{"PATCH", nullptr, false}, Asked{"POST", "", false},
        Asked{"POST", "0", false}, Asked{"POST", "1, 1", false}}) {
    net::Request head{.method = method, .path = "/api/muster/v1/session"};
    if (header != nullptr) head.headers.set("Muster-Request", header);
    EXPECT_EQ(check_sent_by_our_page(head).has_value(), allowed) << method;
  }
}

}  // namespace
}  // namespace muster::server
