#include "instance/notice.hpp"

#include <gmock/gmock.h>

namespace muster::instance {
namespace {

using testing::HasSubstr;

TEST(Notice, EachKindIsToldInWords) {
  const struct {
    Topic topic;
    std::string answer;
    std::string told;  // empty: no notice
  } cases[] = {
      {Topic::spot, R"({"action": "terminate", "time": "2017-09-18T08:22:00Z"})",
       "EC2 takes this Spot instance back: terminate at 2017-09-18T08:22:00Z"},
      {Topic::spot, R"({"action":"hibernate","time":"2017-09-18T08:22:00Z"})",
       "EC2 takes this Spot instance back: hibernate at 2017-09-18T08:22:00Z"},
      {Topic::rebalance, R"({"noticeTime": "2020-10-27T08:22:00Z"})",
       "EC2 expects to take this Spot instance back, since 2020-10-27T08:22:00Z"},
      {Topic::lifecycle, "Terminated\n",
       "the Auto Scaling group ends this instance: its target is Terminated"},
      {Topic::lifecycle, "Warmed:Terminated",
       "the Auto Scaling group ends this instance: its target is Warmed:Terminated"},
      {Topic::lifecycle, "InService", ""},
      {Topic::lifecycle, "Standby", ""},
      {Topic::lifecycle, "Detached", ""},
      {Topic::lifecycle, "Warmed:Stopped", ""},
      {Topic::drain_tag, "yes", "its tag muster:drain asks this instance to drain"},
      {Topic::drain_tag, "", "its tag muster:drain asks this instance to drain"},
  };
  for (const auto& [topic, answer, told] : cases) {
    const auto notice = notice_in(topic, answer);
    ASSERT_TRUE(notice) << answer;
    EXPECT_EQ(notice->value_or(""), told);
  }
}

TEST(Notice, RubbishIsNone) {
  const std::pair<Topic, std::string> cases[] = {{Topic::spot, ""},
                                                 {Topic::spot, "<html>oops</html>"},
                                                 {Topic::spot, "{}"},
                                                 {Topic::spot, R"({"action":)"},
                                                 {Topic::rebalance, ""},
                                                 {Topic::rebalance, R"({"time":"x"})"},
                                                 {Topic::lifecycle, ""},
                                                 {Topic::lifecycle, "<p>Terminated</p>"},
                                                 {Topic::lifecycle, std::string(41, 'T')}};
  for (const auto& [topic, answer] : cases) {
    const auto notice = notice_in(topic, answer);
    ASSERT_FALSE(notice) << answer;
    EXPECT_EQ(notice.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(notice.error().message, HasSubstr("the instance metadata service gave '"));
  }
}

}  // namespace
}  // namespace muster::instance
