#include "server/cookie.hpp"

#include <gtest/gtest.h>

namespace muster::server {
namespace {

TEST(Cookie, IsFoundAmongOthers) {
  struct Case {
    const char* header;
    const char* held;  // null: nothing that counts
  };
  for (const auto& [header, held] : {
           Case{"muster_session=abc", "abc"},
           Case{"a=b; muster_session=abc; c=d", "abc"},
           Case{"a=b;muster_session=abc=", "abc="},
           Case{"  muster_session=abc  ", "abc"},
           Case{"", nullptr},
           Case{"muster_session=", nullptr},
           Case{"muster_session", nullptr},
           Case{"Muster_Session=abc", nullptr},
           Case{"xmuster_session=abc; muster_session2=abc", nullptr},
           Case{"a=muster_session=abc", nullptr},
           Case{"muster_session=abc; muster_session=abd", nullptr},
           Case{"muster_session=abc, muster_session=abd", nullptr},
           Case{"muster_session=; muster_session=abd", nullptr},
       }) {
    net::Request request;
    request.headers.set("Cookie", header);
    const auto found = session_cookie(request);
    EXPECT_EQ(found.has_value(), held != nullptr) << header;
    if (found && held != nullptr) {
      EXPECT_EQ(*found, held) << header;
    }
  }
  EXPECT_FALSE(session_cookie({}));
}

TEST(Cookie, IsForNoScriptAndNoOtherSite) {
  EXPECT_EQ(set_session_cookie("abc", false),
            "muster_session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800");
  EXPECT_EQ(set_session_cookie("abc", true), set_session_cookie("abc", false) + "; Secure");
  EXPECT_EQ(clear_session_cookie(true),
            "muster_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure");
}

TEST(Cookie, AProxySaysWhetherItIsHttps) {
  for (const auto& [said, is] :
       {std::pair("https", true), {"HTTPS", true}, {"http", false}, {"", false}}) {
    net::Request request;
    request.headers.set("X-Forwarded-Proto", said);
    EXPECT_EQ(is_https_by_proxy(request), is) << said;
  }
  EXPECT_FALSE(is_https_by_proxy({}));
}

}  // namespace
}  // namespace muster::server
