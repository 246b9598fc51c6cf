#include "instance/job_user.hpp"

#include <gmock/gmock.h>

namespace muster::instance {
namespace {

std::string refusal(uid_t uid, const std::vector<std::string>& groups) {
  const auto may = may_run_jobs({uid, uid, "ci", "/home/ci"}, groups);
  return may ? "" : may.error().message;
}

TEST(JobUser, IsAnAccountOfItsOwn) {
  EXPECT_EQ(refusal(1000, {"ci"}), "");
  EXPECT_EQ(refusal(65534, {"nogroup"}), "");
  EXPECT_EQ(refusal(1001, {"ci", "users", "video", "build"}), "");
  EXPECT_EQ(refusal(1001, {}), "");
}

TEST(JobUser, IsNoneOfTheSystem) {
  for (const uid_t uid : {0U, 1U, 33U, 999U}) {
    EXPECT_EQ(
        refusal(uid, {"ci"}),
        "'ci' is an account of the system, with uid " + std::to_string(uid) +
            ", and jobs would have its rights: name a user that is not there yet, such as ci, "
            "or one with a uid from 1000 on");
  }
}

TEST(JobUser, IsInNoGroupThatGivesRoot) {
  for (const std::string group :
       {"adm", "admin", "disk", "docker", "incus-admin", "kmem", "libvirt", "lxd", "microk8s",
        "root", "shadow", "staff", "sudo", "wheel"}) {
    EXPECT_EQ(refusal(1000, {"ci", group, "users"}),
              "'ci' is in the group " + group +
                  ", by which jobs could become root or see what is root's: leave it out of that "
                  "(gpasswd -d ci " +
                  group + "), or name another user");
  }
}

}  // namespace
}  // namespace muster::instance
