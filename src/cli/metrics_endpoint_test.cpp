#include "cli/metrics_endpoint.hpp"

#include <gtest/gtest.h>

namespace muster::cli {
namespace {

TEST(MetricsEndpoint, IsAPortOrAnAddressWithOne) {
  EXPECT_EQ(*parse_endpoint("9481"), (Endpoint{"127.0.0.1", 9481}));
  EXPECT_EQ(*parse_endpoint("0"), (Endpoint{"127.0.0.1", 0}));
  EXPECT_EQ(*parse_endpoint("0.0.0.0:9481"), (Endpoint{"0.0.0.0", 9481}));
  EXPECT_EQ(*parse_endpoint("[::1]:9481"), (Endpoint{"::1", 9481}));
}

class NoEndpoint : public testing::TestWithParam<const char*> {};

TEST_P(NoEndpoint, IsRefused) {
  const auto parsed = parse_endpoint(GetParam());
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind, ErrorKind::invalid);
}
INSTANTIATE_TEST_SUITE_P(MetricsEndpoint, NoEndpoint,
                         testing::Values("", "x", "65536", "-1", ":9481", "[]:9481", "::1:9481",
                                         "[10.0.0.5]:9481", "10.0.0.5:", "10.0.0.5:x"));

TEST(MetricsEndpoint, WithoutAPlaceNothingIsShown) {
  const auto shown = show("", {});
  ASSERT_TRUE(shown);
  EXPECT_EQ(*shown, nullptr);
}

}  // namespace
}  // namespace muster::cli
