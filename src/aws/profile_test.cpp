#include "aws/profile.hpp"

#include "aws/test_world.hpp"

namespace muster::aws {
namespace {

using testing::HasSubstr;
using testing::Not;

class ProfileTest : public testing::Test {
 protected:
  Profile load() {
    auto profile = load_profile(machine_.environment());
    EXPECT_TRUE(profile) << profile.error().message;
    return profile.value_or(Profile{});
  }
  std::string error() {
    const auto profile = load_profile(machine_.environment());
    return profile ? "" : profile.error().message;
  }

  TestMachine machine_;
};

TEST_F(ProfileTest, NeedsNoFiles) {
  const auto profile = load();
  EXPECT_EQ(profile.name, "default");
  EXPECT_FALSE(profile.exists);
  EXPECT_THAT(profile.files, HasSubstr(".aws/config"));
}

TEST_F(ProfileTest, JoinsBothFilesAndPrefersTheCredentials) {
  machine_.write(".aws/config",
                 "[default]\nregion = eu-west-1\naws_access_key_id = old\n"
                 "[profile ci]\nregion=eu-north-1\n");
  machine_.write(
      ".aws/credentials",
      "[default]\r\naws_access_key_id = AKIDEXAMPLE\r\nAWS_Secret_Access_Key=a/b+c==\r\n");
  const auto profile = load();
  EXPECT_TRUE(profile.exists);
  EXPECT_EQ(profile.get("region"), "eu-west-1");
  EXPECT_EQ(profile.get("aws_access_key_id"), "AKIDEXAMPLE");
  EXPECT_EQ(profile.get("aws_secret_access_key"), "a/b+c==");
  EXPECT_EQ(profile.get("output"), std::nullopt);
}

TEST_F(ProfileTest, IsTheOneThatIsNamed) {
  machine_.write("config",
                 "[default]\nregion=a\n[ profile  \"c i\" ] # of the runners\nregion=b\n");
  machine_.set("AWS_CONFIG_FILE", "~/config");
  machine_.set("AWS_PROFILE", "c i");
  EXPECT_EQ(load().get("region"), "b");
}

TEST_F(ProfileTest, MustBeThereIfItIsNamed) {
  machine_.write(".aws/config", "[ci]\nregion = eu-west-1\n");  // not "[profile ci]"
  machine_.set("AWS_PROFILE", "ci");
  EXPECT_THAT(error(), HasSubstr("AWS_PROFILE names the profile 'ci', which is in neither /"));
  EXPECT_THAT(error(), HasSubstr(".aws/config nor /"));
  EXPECT_THAT(error(), HasSubstr(".aws/config"));
}

TEST_F(ProfileTest, ReadsGroupsCommentsAndTheServicesSection) {
  machine_.write(".aws/config",
                 "# of this machine\n[default]\nservices = local\n; s3 =\n"
                 "region = eu-west-1 # Ireland\nname = a#b\ns3 =\n  max_queue_size = 3\n\n"
                 "[services local]\nauto_scaling =\n  endpoint_url = http://localhost:1\n"
                 "ssm =\n\tendpoint_url = http://localhost:2\n");
  const auto profile = load();
  EXPECT_EQ(profile.get("region"), "eu-west-1");
  EXPECT_EQ(profile.get("name"), "a#b");
  EXPECT_EQ(profile.get("s3.max_queue_size"), "3");
  EXPECT_EQ(profile.services.at("auto_scaling.endpoint_url"), "http://localhost:1");
  EXPECT_EQ(profile.services.at("ssm.endpoint_url"), "http://localhost:2");
}

TEST_F(ProfileTest, SaysWhichLineIsWrongAndNotWhatIsInIt) {
  for (const std::string text :
       {"[default]\nhush\n", "[default]\n[hush\n", "\nhush = 1\n", "[default]\n  hush\n"}) {
    const auto file = machine_.write(".aws/credentials", text);
    EXPECT_THAT(error(), HasSubstr(file + ": line 2: ")) << text;
    EXPECT_THAT(error(), Not(HasSubstr("hush"))) << text;
  }
}

TEST_F(ProfileTest, RefusesAHugeFile) {
  machine_.write(".aws/credentials", std::string((1 << 20) + 1, '\n'));
  EXPECT_THAT(error(), HasSubstr("credentials"));
}

}  // namespace
}  // namespace muster::aws
