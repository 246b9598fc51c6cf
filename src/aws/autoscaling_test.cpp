#include "aws/autoscaling.hpp"

#include "aws/test_world.hpp"

namespace muster::aws {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string group_xml(std::string_view name, std::string_view more = "") {
  return fmt::format(
      "<member><AutoScalingGroupName>{}</AutoScalingGroupName><MinSize>0</MinSize>"
      "<MaxSize>40</MaxSize><DesiredCapacity>2</DesiredCapacity>{}</member>",
      name, more);
}

net::Response page(std::string_view groups, std::string_view token = "") {
  return {.body = fmt::format(
              "<DescribeAutoScalingGroupsResponse xmlns='http://autoscaling.amazonaws.com/doc/'>"
              "<DescribeAutoScalingGroupsResult><AutoScalingGroups>{}</AutoScalingGroups>{}"
              "</DescribeAutoScalingGroupsResult><ResponseMetadata><RequestId>r</RequestId>"
              "</ResponseMetadata></DescribeAutoScalingGroupsResponse>",
              groups, token.empty() ? "" : fmt::format("<NextToken>{}</NextToken>", token))};
}

class AutoScalingTest : public testing::Test {
 protected:
  AutoScalingTest() {
    machine_.set("AWS_ENDPOINT_URL", service_.url());
    machine_.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    machine_.set("AWS_SECRET_ACCESS_KEY", "hush");
    auto opened = AutoScaling::open(
        session_, http_, "eu-west-1", {},
        {.random = [] { return 0.0; }, .sleep = [](Millis, const std::stop_token&) {}});
    EXPECT_TRUE(opened);
    scaling_.emplace(std::move(*opened));
  }
  std::string body(std::size_t call = 0) const { return service_.requests().at(call).body; }

  TestMachine machine_;
  TestService service_;
  net::HttpClient http_;
  Session session_{machine_.environment()};
  std::optional<AutoScaling> scaling_;
};

TEST_F(AutoScalingTest, ReadsAGroup) {
  service_.answer_with({page(group_xml(
      "ci",
      "<AutoScalingGroupARN>arn:g</AutoScalingGroupARN>"
      "<NewInstancesProtectedFromScaleIn>true</NewInstancesProtectedFromScaleIn>"
      "<MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification><Version>3</Version>"
      "</LaunchTemplateSpecification></LaunchTemplate></MixedInstancesPolicy>"
      "<SuspendedProcesses><member><ProcessName>AZRebalance</ProcessName></member>"
      "</SuspendedProcesses><Instances><member><InstanceId>i-1</InstanceId>"
      "<LifecycleState>Pending</LifecycleState><HealthStatus>Healthy</HealthStatus>"
      "<AvailabilityZone>eu-west-1a</AvailabilityZone><InstanceType>t3.micro</InstanceType>"
      "<LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><Version>2</Version></"
      "LaunchTemplate>"
      "<ProtectedFromScaleIn>true</ProtectedFromScaleIn></member><member>"
      "<InstanceId>i-2</InstanceId><LifecycleState>InService</LifecycleState></member>"
      "</Instances>"))});
  const auto groups = scaling_->groups(std::vector<std::string>{"ci"}, {});
  ASSERT_TRUE(groups) << groups.error().message;
  ASSERT_EQ(groups->size(), 1);
  const auto& group = groups->front();
  EXPECT_EQ(group.name, "ci");
  EXPECT_EQ(group.arn, "arn:g");
  EXPECT_EQ(group.min, 0);
  EXPECT_EQ(group.max, 40);
  EXPECT_EQ(group.desired, 2);
  EXPECT_TRUE(group.protects_new_instances);
  EXPECT_EQ(group.template_version, "3");
  EXPECT_EQ(group.instances[0].template_version, "2");
  EXPECT_EQ(group.instances[1].template_version, "");
  EXPECT_THAT(group.suspended_processes, ElementsAre("AZRebalance"));
  ASSERT_EQ(group.instances.size(), 2);
  EXPECT_EQ(group.instances[0].id, "i-1");
  EXPECT_EQ(group.instances[0].lifecycle_state, "Pending");
  EXPECT_EQ(group.instances[0].health_status, "Healthy");
  EXPECT_EQ(group.instances[0].availability_zone, "eu-west-1a");
  EXPECT_EQ(group.instances[0].instance_type, "t3.micro");
  EXPECT_TRUE(group.instances[0].protected_from_scale_in);
  EXPECT_FALSE(group.instances[1].protected_from_scale_in);
}

TEST_F(AutoScalingTest, AsksForAllPagesAndAllNames) {
  service_.answer_with({page(group_xml("a"), "t/1"), page(group_xml("b"))});
  const auto groups = scaling_->groups(std::vector<std::string>{"a", "b"}, {});
  ASSERT_TRUE(groups);
  EXPECT_EQ(groups->size(), 2);
  const std::string first =
      "Action=DescribeAutoScalingGroups&Version=2011-01-01&MaxRecords=100&"
      "AutoScalingGroupNames.member.1=a&AutoScalingGroupNames.member.2=b";
  EXPECT_EQ(body(0), first);
  EXPECT_EQ(body(1), first + "&NextToken=t%2F1");
}

TEST_F(AutoScalingTest, PagesWithoutEndAreAnError) {
  service_.answer_with({page("", "again")});
  const auto groups = scaling_->groups(std::vector<std::string>{"a"}, {});
  ASSERT_FALSE(groups);
  EXPECT_THAT(groups.error().message, HasSubstr("did not end after 50 pages"));
}

TEST_F(AutoScalingTest, NamesAreBoundedAndNoneIsNotAll) {
  const auto none = scaling_->groups({}, {});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  EXPECT_FALSE(scaling_->groups(std::vector<std::string>(101, "a"), {}));
  EXPECT_TRUE(service_.requests().empty());
}

TEST_F(AutoScalingTest, ASizeThatIsMissingIsNotZero) {
  service_.answer_with(
      {page("<member><AutoScalingGroupName>ci</AutoScalingGroupName>"
            "<MinSize>0</MinSize><MaxSize>4</MaxSize></member>")});
  const auto groups = scaling_->groups(std::vector<std::string>{"ci"}, {});
  ASSERT_FALSE(groups);
  EXPECT_EQ(groups.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(groups.error().message, HasSubstr("DesiredCapacity"));
}

TEST_F(AutoScalingTest, ASizeOutOfRangeIsToldAsSuch) {
  for (const auto* size : {"1000000001", "-1", "99999999999999999999", "x"}) {
    service_.answer_with({page(
        fmt::format("<member><AutoScalingGroupName>ci</AutoScalingGroupName><MinSize>0</MinSize>"
                    "<MaxSize>4</MaxSize><DesiredCapacity>{}</DesiredCapacity></member>",
                    size))});
    const auto groups = scaling_->groups(std::vector<std::string>{"ci"}, {});
    ASSERT_FALSE(groups) << size;
    EXPECT_EQ(groups.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(groups.error().message,
                HasSubstr(fmt::format("the DesiredCapacity of a group in the answer of AWS is out "
                                      "of range, which is 0 to 1000000: '{}'",
                                      size)));
  }
}

TEST_F(AutoScalingTest, AnAnswerWithoutAListIsNotOfAnEmptyOne) {
  service_.answer_with({{.body = "<DescribeAutoScalingGroupsResponse/>"}});
  const auto groups = scaling_->groups(std::vector<std::string>{"ci"}, {});
  ASSERT_FALSE(groups);
  EXPECT_THAT(groups.error().message, HasSubstr("is not AWS's answer"));
}

TEST_F(AutoScalingTest, ReadsActivities) {
  service_.answer_with(
      {{.body = "<DescribeScalingActivitiesResponse><DescribeScalingActivitiesResult><Activities>"
                "<member><ActivityId>a-1</ActivityId><StatusCode>Failed</StatusCode>"
                "<StatusMessage>You have requested more vCPU capacity</StatusMessage>"
                "<Description>Launching</Description><Cause>c</Cause>"
                "<StartTime>2026-01-02T03:04:05.678Z</StartTime>"
                "<EndTime>2026-01-02T03:05:00Z</EndTime></member>"
                "<member><ActivityId>a-2</ActivityId><StatusCode>InProgress</StatusCode>"
                "<StartTime>2026-01-02T03:04:05Z</StartTime></member></Activities>"
                "</DescribeScalingActivitiesResult></DescribeScalingActivitiesResponse>"}});
  const auto activities = scaling_->activities("ci", 20, {});
  ASSERT_TRUE(activities) << activities.error().message;
  ASSERT_EQ(activities->size(), 2);
  EXPECT_EQ(activities->at(0).status_code, "Failed");
  EXPECT_EQ(activities->at(0).status_message, "You have requested more vCPU capacity");
  EXPECT_EQ(activities->at(0).started_at, parse_rfc3339("2026-01-02T03:04:05.678Z").value());
  EXPECT_EQ(activities->at(0).ended_at, parse_rfc3339("2026-01-02T03:05:00Z").value());
  EXPECT_EQ(activities->at(1).ended_at, std::nullopt);
  EXPECT_EQ(body(),
            "Action=DescribeScalingActivities&Version=2011-01-01&AutoScalingGroupName=ci&"
            "MaxRecords=20");
}

TEST_F(AutoScalingTest, SetsTheDesiredCapacityWhateverTheCooldown) {
  service_.answer_with({{.body = "<SetDesiredCapacityResponse/>"}});
  EXPECT_TRUE(scaling_->set_desired_capacity("ci", 7, {}));
  EXPECT_EQ(body(),
            "Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=ci&"
            "DesiredCapacity=7&HonorCooldown=false");
}

TEST_F(AutoScalingTest, EndsAnInstanceOnceAndLowersTheCapacity) {
  service_.answer_with({{.status = 500, .body = ""}});
  EXPECT_FALSE(scaling_->terminate("i-1", {}));
  EXPECT_EQ(service_.requests().size(), 1);
  EXPECT_EQ(body(),
            "Action=TerminateInstanceInAutoScalingGroup&Version=2011-01-01&InstanceId=i-1&"
            "ShouldDecrementDesiredCapacity=true");
  service_.answer_with({{.body = "<TerminateInstanceInAutoScalingGroupResponse/>"}});
  EXPECT_TRUE(scaling_->terminate("i-1", {}));
}

TEST_F(AutoScalingTest, EndsAnInstanceThatIsReplaced) {
  service_.answer_with({{.body = "<TerminateInstanceInAutoScalingGroupResponse/>"}});
  EXPECT_TRUE(scaling_->terminate("i-1", {}, Replaced::yes));
  EXPECT_THAT(body(), testing::EndsWith("&InstanceId=i-1&ShouldDecrementDesiredCapacity=false"));
}

TEST_F(AutoScalingTest, SuspendsAProcess) {
  service_.answer_with({{.body = "<SuspendProcessesResponse/>"}});
  EXPECT_TRUE(scaling_->suspend_process("ci", "AZRebalance", {}));
  EXPECT_EQ(body(),
            "Action=SuspendProcesses&Version=2011-01-01&AutoScalingGroupName=ci&"
            "ScalingProcesses.member.1=AZRebalance");
}

}  // namespace
}  // namespace muster::aws
