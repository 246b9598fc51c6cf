#include "aws/credentials.hpp"

#include <gtest/gtest.h>

namespace muster::aws {
namespace {

TEST(Credentials, AnAccessKeyIdIsShownIfItLooksLikeOne) {
  const std::pair<const char*, bool> cases[] = {
      {"AKIAIOSFODNN7EXAMPLE", true},
      {"ASIAIOSFODNN7EXAMPLE", true},
      {"AKIAIOSFODNN7EX", false},
      {"TOPSECRETAWSKEYTOPSECRETAWSKEY0123456789", false},
      {"AJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab", false},
      {"A/LRXUTNFEMI+K7MDENGBPXRFICYEXAMPLEKEYAB", false},
      {"", false},
  };
  for (const auto& [id, proper] : cases) {
    EXPECT_EQ(shown_key({.access_key_id = id, .source = "the environment"}),
              proper ? "access key " + std::string(id) + " from the environment"
                     : "an access key id that is none, from the environment");
  }
}

}  // namespace
}  // namespace muster::aws
