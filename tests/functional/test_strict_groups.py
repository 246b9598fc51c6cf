"""What the groups of tests/support/strict do by themselves, seen through boto3 and `aws`."""

import json
import time

from support.aws_tools import command, refused, set_desired, settle, states
from support.strict.group import NO_CAPACITY
from support.strict_group import aws, boto, group
from support.waiting import wait_until


def test_instances_take_their_time(aws, group, boto):
    aws.delays.launch, group.pending_for_ever = 0.3, True
    before = time.time()
    set_desired(boto, 2)
    wait_until(lambda: states(group) == ["Pending"] * 2, what="two pending")
    found = boto.describe_scaling_activities(AutoScalingGroupName="runners")["Activities"]
    assert [a["StatusCode"] for a in found] == ["PreInService"] * 2
    assert all("EndTime" not in a for a in found)
    assert all(a["StartTime"].timestamp() - before > 0.29 for a in found)
    group.pending_for_ever = False
    settle(group, 2)
    found = boto.describe_scaling_activities(AutoScalingGroupName="runners")["Activities"]
    assert [a["StatusCode"] for a in found] == ["Successful"] * 2
    assert all(a["EndTime"] >= a["StartTime"] for a in found)
    assert "changing the desired capacity from 0 to 2" in found[0]["Cause"]
    assert group.launched() == 2


def test_what_is_shown_may_be_as_it_was(aws, group, boto):
    def shown():
        described, = boto.describe_auto_scaling_groups()["AutoScalingGroups"]
        return described["DesiredCapacity"], len(described["Instances"])
    aws.delays.show = 3600
    set_desired(boto, 2)
    settle(group, 2)
    assert shown() == (0, 0)
    aws.delays.show = 0
    assert shown() == (2, 2)


def test_bounds_of_the_desired_capacity(aws, boto):
    group = aws.create_group("runners", maximum=3, MinSize=1, DesiredCapacity=2)
    assert refused(set_desired, boto, 4)[2] == (
        "New SetDesiredCapacity value 4 is above max value 3 for the AutoScalingGroup.")
    assert refused(set_desired, boto, 0)[2] == (
        "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup.")
    boto.update_auto_scaling_group(AutoScalingGroupName="runners", MaxSize=1)
    assert group.desired == 1
    assert refused(boto.update_auto_scaling_group, AutoScalingGroupName="runners", MinSize=2)[
        0] == "ValidationError"
    assert refused(boto.set_desired_capacity, AutoScalingGroupName="runner", DesiredCapacity=1)[
        2].startswith("AutoScalingGroup name not found")


def test_what_a_new_group_needs(aws, group, boto):
    needed = {"AutoScalingGroupName": "new", "MinSize": 0, "MaxSize": 1,
              "AvailabilityZones": ["eu-west-1a"],
              "LaunchTemplate": {"LaunchTemplateName": "runner"}}
    for change in [{"MinSize": 2}, {"DesiredCapacity": 2}, {"AvailabilityZones": []}]:
        assert refused(boto.create_auto_scaling_group, **{**needed, **change})[
            0] == "ValidationError"
    without = {name: value for name, value in needed.items() if name != "LaunchTemplate"}
    assert "launchTemplate" in refused(boto.create_auto_scaling_group, **without)[2]
    assert refused(boto.create_auto_scaling_group, **{**needed, "AutoScalingGroupName": "runners"})[
        0] == "AlreadyExists"


def test_the_cooldown_is_kept_only_if_asked(aws, group, boto):
    set_desired(boto, 1)
    settle(group, 1)
    assert refused(set_desired, boto, 2, HonorCooldown=True)[0] == "ScalingActivityInProgress"
    set_desired(boto, 2)


def test_lowered_it_ends_whom_it_likes_but_no_protected_one(group, boto):
    set_desired(boto, 3)
    ids = settle(group, 3)
    boto.set_instance_protection(InstanceIds=ids[1:2], AutoScalingGroupName="runners",
                                 ProtectedFromScaleIn=False)
    set_desired(boto, 0)
    wait_until(lambda: len(group.instances) == 2, what="two left")
    ended = group.activities[0]
    assert ended["Description"] == f"Terminating EC2 instance: {ids[1]}"
    assert {i.id for i in group.instances} == {ids[0], ids[2]} and group.desired == 0


def test_terminating_with_and_without_a_successor(aws, group, boto):
    aws.delays.terminate = 60
    set_desired(boto, 2)
    first, second = settle(group, 2)

    def terminate(name, decrement):
        return boto.terminate_instance_in_auto_scaling_group(
            InstanceId=name, ShouldDecrementDesiredCapacity=decrement)
    terminate(first, True)
    assert states(group) == ["InService", "Terminating"]
    assert refused(terminate, first, True)[0] == "ScalingActivityInProgress"
    aws.delays.terminate = 0.1
    assert settle(group, 1) == [second] and group.desired == 1
    ended = terminate(second, False)["Activity"]
    wait_until(lambda: group.launched() == 3, what="another")
    third, = settle(group, 1)
    assert third != second and group.desired == 1
    assert (group.activities[0]["StartTime"] - ended["StartTime"]).total_seconds() > 0.29
    assert refused(terminate, second, True)[2] == (
        f"Instance Id not found - No managed instance found for instance ID: {second}")
    boto.update_auto_scaling_group(AutoScalingGroupName="runners", MinSize=1)
    code, _, message = refused(terminate, third, True)
    assert code == "ValidationError" and "violate group's min size constraint" in message


def test_one_that_vanished_is_replaced_unless_the_capacity_was_lowered(aws, group, boto):
    set_desired(boto, 2)
    first, second = settle(group, 2)
    group.vanish(first)
    wait_until(lambda: group.launched() == 3, what="another")
    ended, = [a for a in group.activities
              if a["Description"] == f"Terminating EC2 instance: {first}"]
    assert "EC2 health check" in ended["Cause"]
    aws.delays.replace = 60
    group.vanish(second)
    boto.terminate_instance_in_auto_scaling_group(InstanceId=second,
                                                  ShouldDecrementDesiredCapacity=True)
    settle(group, 1)
    assert group.desired == 1 and not group.openings


def test_an_unhealthy_one_is_replaced_unless_that_is_suspended(group, boto):
    set_desired(boto, 1)
    first, = settle(group, 1)
    boto.suspend_processes(AutoScalingGroupName="runners", ScalingProcesses=["Launch"])
    boto.set_instance_health(InstanceId=first, HealthStatus="Unhealthy")
    wait_until(lambda: not group.instances, what="its end")
    described, = boto.describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [p["ProcessName"] for p in described["SuspendedProcesses"]] == ["Launch"]
    assert group.launched() == 1
    boto.resume_processes(AutoScalingGroupName="runners")
    settle(group, 1)
    assert refused(boto.suspend_processes, AutoScalingGroupName="runners",
                   ScalingProcesses=["Lunch"])[0] == "ValidationError"


def test_protection_only_of_those_in_service(group, boto):
    group.pending_for_ever = True
    set_desired(boto, 1)
    wait_until(lambda: states(group) == ["Pending"], what="one pending")

    def protect(name):
        boto.set_instance_protection(InstanceIds=[name], AutoScalingGroupName="runners",
                                     ProtectedFromScaleIn=True)
    name = group.instances[0].id
    assert refused(protect, name)[2] == (
        f"The instance {name} is not in InService or EnteringStandby or Standby.")
    assert refused(protect, "i-0")[2] == (
        "The instance i-0 is not part of Auto Scaling group runners.")


def test_launches_that_fail_are_told_and_tried_again(group, boto):
    group.launches_fail = NO_CAPACITY
    set_desired(boto, 1)
    wait_until(lambda: len(group.activities) > 2, what="several tries")
    found = boto.describe_scaling_activities(AutoScalingGroupName="runners")["Activities"]
    assert {a["StatusCode"] for a in found} == {"Failed"} and not group.instances
    assert found[0]["StatusMessage"] == NO_CAPACITY
    assert found[0]["Description"].startswith("Launching a new EC2 instance.  Status Reason: We")
    group.launches_fail = None
    settle(group, 1)
    assert group.launched() == 1


# --- Pages ------------------------------------------------------------------------------------


def test_pages_of_groups(aws, boto, tmp_path):
    names = [f"group-{number}" for number in range(5)]
    for name in reversed(names):
        aws.create_group(name, maximum=1)
    aws.page_size = 2
    paginator = boto.get_paginator("describe_auto_scaling_groups")

    def found(**given):
        pages = [p["AutoScalingGroups"] for p in paginator.paginate(**given)]
        assert max(map(len, pages)) <= 2
        return [group["AutoScalingGroupName"] for page in pages for group in page]
    assert found() == names
    assert found(AutoScalingGroupNames=["group-4", "nobody", "group-0", "group-2"]) == [
        "group-0", "group-2", "group-4"]
    done = command(aws, tmp_path, "describe-auto-scaling-groups", "--query",
                   "AutoScalingGroups[].AutoScalingGroupName")
    assert json.loads(done.stdout) == names


def test_bounds_of_pages(aws, group, boto):
    describe = boto.describe_auto_scaling_groups
    assert refused(describe, MaxRecords=101)[2] == (
        "1 validation error detected: Value '101' at 'maxRecords' failed to satisfy constraint: "
        "Member must have value less than or equal to 100")
    assert refused(describe, MaxRecords=0)[0] == "ValidationError"
    assert refused(describe, NextToken="nonsense")[0] == "InvalidNextToken"
    names = [f"n{number}" for number in range(51)]
    assert refused(describe, AutoScalingGroupNames=names)[2].endswith("limited to 50")
    assert describe(AutoScalingGroupNames=names, MaxRecords=51)["AutoScalingGroups"] == []
    assert refused(boto.describe_auto_scaling_instances, MaxRecords=51)[0] == "ValidationError"


def test_pages_of_activities_go_on_while_more_come(aws, group, boto):
    set_desired(boto, 3)
    settle(group, 3)
    aws.page_size = 2
    first = boto.describe_scaling_activities(AutoScalingGroupName="runners")
    set_desired(boto, 5)
    wait_until(lambda: group.launched() == 5, what="two more")
    rest = boto.describe_scaling_activities(AutoScalingGroupName="runners",
                                            NextToken=first["NextToken"])
    assert "NextToken" not in rest
    ids = [a["ActivityId"] for a in first["Activities"] + rest["Activities"]]
    assert ids == [a["ActivityId"] for a in group.activities][2:]
