#include "base/crypto.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace muster {
namespace {

// The example of FIPS 180-2 for one block.
constexpr const char* kSumOfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class Sha256OfFile : public testing::Test {
 protected:
  ~Sha256OfFile() override { std::filesystem::remove(file_); }
  void write(const std::string& content) { std::ofstream(file_, std::ios::binary) << content; }

  const std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("muster-sum-" + random_hex(8));
};

TEST_F(Sha256OfFile, IsThatOfItsContent) {
  write("abc");
  EXPECT_EQ(sha256_of_file(file_).value_or(""), kSumOfAbc);
}

TEST_F(Sha256OfFile, ReadsLongFilesPieceByPiece) {
  std::string content;
  for (int line = 0; line < 100'000; ++line) content += std::to_string(line) + "\n";
  write(content);
  EXPECT_EQ(sha256_of_file(file_).value_or(""), sha256_hex(content));
}

TEST_F(Sha256OfFile, NamesAFileThatIsNotThere) {
  const auto sum = sha256_of_file(file_);
  ASSERT_FALSE(sum);
  EXPECT_NE(sum.error().message.find(file_.string()), std::string::npos);
}

}  // namespace
}  // namespace muster
