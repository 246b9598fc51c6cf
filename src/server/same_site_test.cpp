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

}  // namespace
}  // namespace muster::server
