#include "net/trust.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/crypto.hpp"

namespace muster::net {
namespace {

namespace fs = std::filesystem;

class TrustTest : public testing::Test {
 protected:
  TrustTest() { fs::create_directory(folder_); }
  ~TrustTest() override { fs::remove_all(folder_); }

  static void put(const fs::path& file) {
    fs::create_directories(file.parent_path());
    std::ofstream(file).put('x');
  }

  const fs::path folder_ = fs::temp_directory_path() / ("muster-trust-" + random_hex(8));
};

TEST_F(TrustTest, KnowsADirectoryThatOpensslCanSearch) {
  EXPECT_FALSE(has_hashed_names(folder_ / "is-not-there"));
  EXPECT_FALSE(has_hashed_names(folder_));
  for (const auto* name : {"ca-certificates.crt", "0123456789.0", "5f618aeg.0", "5f618aec.1"}) {
    put(folder_ / name);
  }
  EXPECT_FALSE(has_hashed_names(folder_));
  put(folder_ / "5f618aec.0");
  EXPECT_TRUE(has_hashed_names(folder_));
}

TEST_F(TrustTest, KnowsItsOwnExecutable) {
  EXPECT_EQ(own_executable().filename(), "muster_net_test");
  EXPECT_TRUE(fs::exists(own_executable()));
}

class SearchPathTest : public TrustTest {
 protected:
  SearchPathTest() {
    put(program_);
    put(packed_ / "5f618aec.0");
    put(system_ / "4f316efb.0");
    allow_others(fs::perms::none);
  }

  void allow_others(fs::perms added) const {
    fs::permissions(packed_, fs::perms::owner_all | added);
  }
  std::string path() const { return certificate_search_path(program_, system_); }

  const fs::path program_ = folder_ / "muster";
  const fs::path packed_ = folder_ / "certs";
  const fs::path system_ = folder_ / "system";
};

TEST_F(SearchPathTest, BeginsWithWhatIsPackedWithTheProgram) {
  EXPECT_EQ(path(), packed_.string() + ":" + system_.string());
}

TEST_F(SearchPathTest, HoldsOnlyDirectoriesThatCanBeSearched) {
  fs::rename(system_ / "4f316efb.0", system_ / "ca-certificates.crt");
  EXPECT_EQ(path(), packed_.string());
  EXPECT_EQ(certificate_search_path(program_, ""), packed_.string());
  fs::remove_all(packed_);
  EXPECT_EQ(path(), "");
  fs::rename(system_ / "ca-certificates.crt", system_ / "4f316efb.0");
  EXPECT_EQ(path(), system_.string());
}

TEST_F(SearchPathTest, LeavesOutWhatOthersCouldHavePutThere) {
  allow_others(fs::perms::others_write);
  EXPECT_EQ(path(), system_.string());
  allow_others(fs::perms::group_all | fs::perms::others_read);
  EXPECT_NE(path(), system_.string());
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory to somebody else";
  ASSERT_EQ(::chown(packed_.c_str(), 12345, 12345), 0);
  EXPECT_EQ(path(), system_.string());
}

TEST_F(SearchPathTest, LeavesOutWhatAColonWouldCutInTwo) {
  put(folder_ / "a:b/muster");
  put(folder_ / "a:b/certs/5f618aec.0");
  EXPECT_EQ(certificate_search_path(folder_ / "a:b/muster", system_), system_.string());
}

}  // namespace
}  // namespace muster::net
