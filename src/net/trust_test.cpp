#include "net/trust.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/crypto.hpp"

namespace muster::net {
namespace {

TEST(HasHashedNames, KnowsADirectoryThatOpensslCanSearch) {
  const auto folder = std::filesystem::temp_directory_path() / ("muster-trust-" + random_hex(8));
  EXPECT_FALSE(has_hashed_names(folder));  // it is not there
  std::filesystem::create_directory(folder);
  EXPECT_FALSE(has_hashed_names(folder));
  for (const auto* name : {"ca-certificates.crt", "0123456789.0", "5f618aeg.0", "5f618aec.1"}) {
    std::ofstream(folder / name).put('x');
  }
  EXPECT_FALSE(has_hashed_names(folder));
  std::ofstream(folder / "5f618aec.0").put('x');
  EXPECT_TRUE(has_hashed_names(folder));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace muster::net
