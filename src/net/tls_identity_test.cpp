#include "net/tls_identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include <fmt/core.h>

#include "base/file.hpp"
#include "net/tls_for_tests.hpp"

namespace muster::net {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TlsIdentityTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path / name) << text;
    return folder_.path / name;
  }
  static std::string text_of(const std::filesystem::path& file) {
    return read_file(file, 1 << 20).value();
  }
  static std::string trouble_with(const std::filesystem::path& certificate,
                                  const std::filesystem::path& key) {
    const auto identity = TlsIdentity::read(certificate, key);
    if (identity) return "none";
    EXPECT_EQ(identity.error().kind, ErrorKind::invalid);
    return identity.error().message;
  }

  TestFolder folder_;
  TestAuthority authority_{folder_.path};
  TestPair pair_ = authority_.issue({.valid_until = 1h});
};

TEST_F(TlsIdentityTest, TellsHowLongItsCertificateHolds) {
  const auto identity = TlsIdentity::read(pair_.certificate, pair_.key);
  ASSERT_TRUE(identity) << identity.error().message;
  const auto left = identity->valid_until() - system_clock().wall();
  EXPECT_LE(left, 1h);
  EXPECT_GT(left, 50min);
  EXPECT_LT(identity->valid_from(), system_clock().wall() - 23h);
}

TEST_F(TlsIdentityTest, BothMayBeInOneFileAndTheChainFollows) {
  const auto whole = write("whole.pem", text_of(pair_.key) + text_of(pair_.certificate) +
                                            text_of(authority_.certificate()));
  EXPECT_EQ(trouble_with(whole, whole), "none");
}

TEST_F(TlsIdentityTest, WhatIsMissingIsNamed) {
  const auto nowhere = folder_.path / "nowhere.pem";
  EXPECT_THAT(trouble_with(nowhere, pair_.key),
              AllOf(HasSubstr(nowhere.string()), HasSubstr("No such file")));
  EXPECT_THAT(trouble_with(pair_.certificate, nowhere),
              AllOf(HasSubstr(nowhere.string()), HasSubstr("No such file")));
}

TEST_F(TlsIdentityTest, FilesThatHoldSomethingElseAreNamedAndNotQuoted) {
  const auto words = write("words.pem", "s3cret words\n");
  EXPECT_EQ(
      trouble_with(words, pair_.key),
      fmt::format("{} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", words.string()));
  EXPECT_EQ(
      trouble_with(pair_.certificate, words),
      fmt::format("{} holds no private key in PEM (-----BEGIN PRIVATE KEY-----)", words.string()));
  // The two the wrong way round.
  EXPECT_THAT(trouble_with(pair_.key, pair_.certificate), HasSubstr("holds no certificate"));
}

TEST_F(TlsIdentityTest, ADamagedCertificateIsNamedByItsNumber) {
  auto text = text_of(authority_.certificate());
  text.replace(text.find('\n') + 5, 8, "????????");
  const auto file = write("damaged.pem", text_of(pair_.certificate) + text);
  EXPECT_THAT(trouble_with(file, pair_.key),
              AllOf(HasSubstr("certificate 2 in " + file.string()), HasSubstr("is damaged")));
}

TEST_F(TlsIdentityTest, AKeyOfAnotherCertificateIsRefused) {
  const auto other = authority_.issue({.name = "other"});
  EXPECT_THAT(trouble_with(pair_.certificate, other.key),
              AllOf(HasSubstr(other.key.string()), HasSubstr("is not that of the certificate"),
                    HasSubstr("must come first")));
  // The chain the wrong way round.
  const auto file =
      write("chain.pem", text_of(authority_.certificate()) + text_of(pair_.certificate));
  EXPECT_THAT(trouble_with(file, pair_.key), HasSubstr("must come first"));
}

TEST_F(TlsIdentityTest, APassphraseIsAskedOfNobody) {
  const auto locked = folder_.path / "locked.key";
  const auto command = fmt::format("openssl pkey -in {} -out {} -aes256 -passout pass:s3cret",
                                   pair_.key.string(), locked.string());
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  EXPECT_THAT(
      trouble_with(pair_.certificate, locked),
      AllOf(HasSubstr("is locked by a passphrase"),
            HasSubstr("run 'openssl pkey -in " + locked.string()), Not(HasSubstr("s3cret"))));
}

}  // namespace
}  // namespace muster::net
