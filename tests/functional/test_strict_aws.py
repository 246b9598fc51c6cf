"""The strict AWS of tests/support/strict, judged by AWS's own tools: boto3 and the `aws` command."""

import http.client
import json
import subprocess
import sys
import time
from datetime import timezone
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from support.strict import StrictAws
from support.strict.group import NO_CAPACITY
from support.waiting import wait_until

NO_RETRIES = Config(retries={"total_max_attempts": 1})


@pytest.fixture
def aws():
    server = StrictAws(replace_delay=0.3, retry_delay=0.1)
    yield server
    server.close()


@pytest.fixture
def group(aws):
    return aws.create_group("runners", maximum=10)


@pytest.fixture
def boto(aws):
    return aws.client(config=NO_RETRIES)


def set_desired(boto, desired, **more):
    boto.set_desired_capacity(AutoScalingGroupName="runners", DesiredCapacity=desired, **more)


def states(group):
    return sorted(instance.state for instance in group.instances)


def settle(group, count):
    wait_until(lambda: states(group) == ["InService"] * count, what=f"{count} in service")
    return [instance.id for instance in group.instances]


def refused(call, *arguments, **named):
    """Code, status and message of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    answer = caught.value.response
    assert answer["Error"]["Type"] in ("Sender", "Receiver")
    assert answer["ResponseMetadata"]["RequestId"]
    return (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"],
            answer["Error"]["Message"])


def command(aws, tmp_path, *words):
    settings = tmp_path / ".aws" / "config"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("[default]\ncli_timestamp_format = iso8601\n")
    return subprocess.run(
        [str(Path(sys.executable).parent / "aws"), "--endpoint-url", aws.url, "--region",
         aws.region, "--output", "json", "autoscaling", *words],
        capture_output=True, text=True, timeout=120,
        env={**{name.upper(): value for name, value in aws.administrator.items()},
             "HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "AWS_MAX_ATTEMPTS": "1"})


def as_json(answer):
    """What boto3 says, as the `aws` command prints it."""
    return json.loads(json.dumps(
        {key: value for key, value in answer.items() if key != "ResponseMetadata"},
        default=lambda time: time.astimezone(timezone.utc).isoformat()))


# --- The wire ---------------------------------------------------------------------------------


def test_the_command_and_boto3_read_the_same(aws, group, boto, tmp_path):
    set_desired(boto, 2)
    first, _ = settle(group, 2)
    for call, words in [
            (boto.describe_auto_scaling_groups, ["describe-auto-scaling-groups"]),
            (boto.describe_auto_scaling_instances, ["describe-auto-scaling-instances"]),
            (boto.describe_scaling_activities, ["describe-scaling-activities"]),
            (boto.describe_policies, ["describe-policies"])]:
        done = command(aws, tmp_path, *words)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == as_json(call())
    done = command(aws, tmp_path, "terminate-instance-in-auto-scaling-group", "--instance-id",
                   first, "--should-decrement-desired-capacity")
    activity = json.loads(done.stdout)["Activity"]
    assert activity["StatusCode"] == "InProgress"
    assert activity["Description"] == f"Terminating EC2 instance: {first}"
    settle(group, 1)
    assert group.desired == 1


def test_the_command_changes_and_deletes_groups(aws, tmp_path):
    def run(*words):
        done = command(aws, tmp_path, *words)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    run("create-auto-scaling-group", "--auto-scaling-group-name", "a b+ü/ñ", "--min-size", "1",
        "--max-size", "3", "--availability-zones", "eu-west-1a", "--launch-template",
        "LaunchTemplateName=runner", "--tags", "Key=team,Value=x y")
    group = aws.group("a b+ü/ñ")
    settle(group, 1)
    run("update-auto-scaling-group", "--auto-scaling-group-name", group.name, "--min-size", "2")
    settle(group, 2)
    assert group.settings["Tags"][0]["Value"] == "x y"
    done = command(aws, tmp_path, "delete-auto-scaling-group", "--auto-scaling-group-name",
                   group.name)
    assert "(ResourceInUse)" in done.stderr
    run("delete-auto-scaling-group", "--auto-scaling-group-name", group.name, "--force-delete")
    wait_until(lambda: not aws.groups, what="no group")
    done = command(aws, tmp_path, "describe-scaling-activities", "--include-deleted-groups")
    assert {a["AutoScalingGroupState"] for a in json.loads(done.stdout)["Activities"]} == {
        "Deleted"}


def test_the_command_is_told_why_not(aws, group, tmp_path):
    done = command(aws, tmp_path, "set-desired-capacity", "--auto-scaling-group-name", "runners",
                   "--desired-capacity", "11")
    assert done.returncode > 0
    assert ("An error occurred (ValidationError) when calling the SetDesiredCapacity operation: "
            "New SetDesiredCapacity value 11 is above max value 10 for the AutoScalingGroup."
            ) in done.stderr


def test_what_the_model_does_not_have_is_refused(aws, group, boto):
    def post(**form):
        def give(params, **_):
            params["body"] = form
        boto.meta.events.register("before-call.auto-scaling", give)
        try:
            return refused(boto.describe_auto_scaling_groups)
        finally:
            boto.meta.events.unregister("before-call.auto-scaling", give)
    version = {"Version": "2011-01-01"}
    describe = {"Action": "DescribeAutoScalingGroups", **version}
    assert post(Action="Nonsense", **version) == (
        "InvalidAction", 400, "Could not find operation Nonsense for version 2011-01-01")
    assert post(Action="DescribeAutoScalingGroups", Version="2010-01-01")[0] == "InvalidAction"
    assert post(Action="DescribeWarmPool", **version)[0] == "InvalidAction"
    assert post(**version)[0] == "MissingAction"
    for wrong in [{"MaxRecord": "1"}, {"MaxRecords": "one"}, {"AutoScalingGroupNames": "runners"},
                  {"AutoScalingGroupNames.member.2": "runners"}, {"MaxRecords.member.1": "1"},
                  {"AutoScalingGroupNames.1": "runners"}]:
        assert post(**describe, **wrong)[:2] == ("MalformedQueryString", 400), wrong
    assert post(Action="SetDesiredCapacity", DesiredCapacity="1", **version) == (
        "ValidationError", 400, "1 validation error detected: Value null at "
        "'autoScalingGroupName' failed to satisfy constraint: Member must not be null")
    assert post(Action="SetInstanceHealth", InstanceId="i" * 20, HealthStatus="x", **version) == (
        "ValidationError", 400, f"1 validation error detected: Value '{'i' * 20}' at 'instanceId' "
        "failed to satisfy constraint: Member must have length less than or equal to 19")
    assert post(Action="SetDesiredCapacity", AutoScalingGroupName="", DesiredCapacity="1",
                **version)[2].endswith("Member must have length greater than or equal to 1")


def test_what_the_server_does_not_know_is_not_passed_over(boto, group):
    code, status, message = refused(boto.describe_auto_scaling_groups,
                                    Filters=[{"Name": "tag-key", "Values": ["x"]}])
    assert (code, status) == ("NotImplemented", 501) and "Filters" in message


def test_a_call_on_a_kept_connection_takes_no_time(aws, group, boto):
    boto.describe_auto_scaling_groups()

    def fifty_calls():
        start = time.monotonic()
        for _ in range(50):
            boto.describe_auto_scaling_groups()
        return time.monotonic() - start
    # With Nagle's algorithm each takes 40 ms, however fast the machine.
    assert min(fifty_calls() for _ in range(3)) / 50 < 0.03


# --- Who asks ---------------------------------------------------------------------------------


def test_a_signature_is_checked(aws, group):
    def ask(**changes):
        return refused(aws.client(keys={**keys, **changes}).describe_auto_scaling_groups)
    for keys in [aws.administrator, aws.assume_role("r", [{"Effect": "Allow", "Action": "*"}])]:
        aws.client(keys=keys).describe_auto_scaling_groups()
        code, status, message = ask(aws_secret_access_key="wrong")
        assert (code, status) == ("SignatureDoesNotMatch", 403)
        assert message.startswith("The request signature we calculated does not match")
        assert "The Canonical String for this request should have been" in message
        assert ask(aws_access_key_id="AKIANOBODY")[:2] == ("InvalidClientTokenId", 403)
        assert ask(aws_session_token="another") == (
            "InvalidClientTokenId", 403, "The security token included in the request is invalid.")


def test_a_changed_request_is_noticed(aws, group, boto):
    set_desired(boto, 1)

    def resend(request, **_):
        request.body = request.body.replace("DesiredCapacity=1", "DesiredCapacity=9")
    boto.meta.events.register("before-send.auto-scaling", resend)
    assert refused(set_desired, boto, 1)[0] == "SignatureDoesNotMatch"
    assert group.desired == 1


def test_without_a_signature(aws):
    answer = raw(aws, "Action=DescribeAutoScalingGroups&Version=2011-01-01")
    assert answer.status == 403 and b"<Code>MissingAuthenticationToken</Code>" in answer.read()


def raw(aws, body):
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=30)
    connection.request("POST", "/", body, {"Content-Type": "application/x-www-form-urlencoded"})
    return connection.getresponse()


def test_another_region_or_service(aws):
    boto = aws.client(config=Config(retries={"total_max_attempts": 1}))
    boto.meta.events.register("choose-signer.auto-scaling", lambda context, **_: context.update(
        {"signing": {"region": "us-east-1", "signing_name": "autoscaling"}}))
    code, _, message = refused(boto.describe_auto_scaling_groups)
    assert code == "SignatureDoesNotMatch"
    assert message.startswith("Credential should be scoped to a valid region, not 'us-east-1'")


@pytest.mark.parametrize("offset, words", [(600, "Signature expired: "),
                                           (-600, "Signature not yet current: ")])
def test_a_clock_that_is_off(aws, group, boto, offset, words):
    aws.clock_offset = offset
    code, status, message = refused(boto.describe_auto_scaling_groups)
    assert (code, status) == ("SignatureDoesNotMatch", 403)
    assert message.startswith(words) and "5 min.)" in message
    aws.clock_offset = offset / 4
    boto.describe_auto_scaling_groups()


def test_an_action_that_is_not_allowed(aws, group):
    keys = aws.create_user("scaler", [{"Effect": "Allow", "Action": ["autoscaling:Describe*"]}])
    boto = aws.client(keys=keys)
    boto.describe_auto_scaling_groups()
    code, status, message = refused(set_desired, boto, 1)
    assert (code, status) == ("AccessDenied", 403)
    assert message.startswith("User: arn:aws:iam::123456789012:user/scaler is not authorized to "
                              "perform: autoscaling:SetDesiredCapacity on resource: arn:aws:")
    aws.allow(keys, ["autoscaling:SetDesiredCapacity"])
    set_desired(boto, 1)
    assert "on resource" not in refused(boto.describe_auto_scaling_groups)[2]


def test_a_token_that_has_expired(aws, group):
    keys = aws.assume_role("scaler", [{"Effect": "Allow", "Action": ["autoscaling:*"]}])
    boto = aws.client(keys=keys)
    set_desired(boto, 1)
    aws.expire(keys)
    assert refused(set_desired, boto, 2)[:2] == ("ExpiredToken", 403)
    assert group.desired == 1


# --- Faults -----------------------------------------------------------------------------------


def test_throttled_a_number_of_times(aws, group, boto):
    aws.faults.throttle("SetDesiredCapacity", times=2)
    for _ in range(2):
        assert refused(set_desired, boto, 1) == ("Throttling", 400, "Rate exceeded")
    set_desired(boto, 1)
    codes = [call.code for call in aws.calls_of("SetDesiredCapacity")]
    assert codes == ["Throttling", "Throttling", None]
    patient = aws.client(config=Config(retries={"total_max_attempts": 3, "mode": "standard"}))
    aws.faults.throttle("SetDesiredCapacity", times=2)
    set_desired(patient, 2)
    assert group.desired == 2


def test_throttled_by_rate(aws, group, boto):
    aws.faults.throttle("DescribeAutoScalingGroups", rate=0.001)
    boto.describe_auto_scaling_groups()
    assert refused(boto.describe_auto_scaling_groups)[0] == "Throttling"
    aws.faults.throttle("DescribeAutoScalingGroups", rate=None)
    boto.describe_auto_scaling_groups()


def test_failed_before_and_after_it_was_done(aws, group, boto):
    aws.faults.fail("SetDesiredCapacity")
    assert refused(set_desired, boto, 1)[:2] == ("InternalFailure", 500)
    assert group.desired == 0
    aws.faults.fail("SetDesiredCapacity", done=True)
    assert refused(set_desired, boto, 1)[:2] == ("InternalFailure", 500)
    assert group.desired == 1


def test_an_answer_that_is_cut_short(aws, group, boto):
    aws.faults.cut("SetDesiredCapacity")
    with pytest.raises(ResponseParserError):
        set_desired(boto, 1)
    assert group.desired == 1
    boto.describe_auto_scaling_groups()


# --- Groups -----------------------------------------------------------------------------------


def test_instances_take_their_time(aws, group, boto):
    aws.delays.launch, group.pending_for_ever = 0.3, True
    set_desired(boto, 2)
    assert states(group) == []
    wait_until(lambda: states(group) == ["Pending"] * 2, what="two pending")
    found = boto.describe_scaling_activities(AutoScalingGroupName="runners")["Activities"]
    assert [a["StatusCode"] for a in found] == ["PreInService"] * 2
    assert all("EndTime" not in a for a in found)
    group.pending_for_ever = False
    settle(group, 2)
    found = boto.describe_scaling_activities(AutoScalingGroupName="runners")["Activities"]
    assert [a["StatusCode"] for a in found] == ["Successful"] * 2
    assert all(a["EndTime"] >= a["StartTime"] for a in found)
    assert "changing the desired capacity from 0 to 2" in found[0]["Cause"]
    assert group.launched() == 2


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
              "AvailabilityZones": ["eu-west-1a"], "LaunchTemplate": {"LaunchTemplateName": "runner"}}
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
    aws.delays.terminate = 0.2
    set_desired(boto, 2)
    first, second = settle(group, 2)

    def terminate(name, decrement):
        return boto.terminate_instance_in_auto_scaling_group(
            InstanceId=name, ShouldDecrementDesiredCapacity=decrement)
    terminate(first, True)
    assert "Terminating" in states(group)
    assert refused(terminate, first, True)[0] == "ScalingActivityInProgress"
    assert settle(group, 1) == [second] and group.desired == 1
    terminate(second, False)
    wait_until(lambda: states(group) == [], what="a time with none")
    third, = settle(group, 1)
    assert third != second and group.desired == 1 and group.launched() == 3
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
    assert "EC2 health check" in next(a["Cause"] for a in group.activities
                                      if a["Description"].endswith(f"Terminating EC2 instance: "
                                                                   f"{first}"))
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


def test_what_was_called_is_kept(aws, group):
    keys = aws.create_user("scaler", [{"Effect": "Allow", "Action": "*"}])
    before = time.time()
    set_desired(aws.client(keys=keys), 1)
    call = aws.calls[-1]
    assert (call.action, call.access_key, call.code) == (
        "SetDesiredCapacity", keys["aws_access_key_id"], None)
    assert call.parameters == {"AutoScalingGroupName": "runners", "DesiredCapacity": 1}
    assert before <= call.at <= time.time()


def test_a_fault_of_its_own_is_told(monkeypatch):
    server = StrictAws()
    server.create_group("runners", maximum=1)
    monkeypatch.setattr(server.group("runners"), "describe", lambda: {"Nonsense": 1})
    assert refused(server.client(config=NO_RETRIES).describe_auto_scaling_groups)[
        0] == "InternalFailure"
    with pytest.raises(AssertionError, match="AutoScalingGroupName"):
        server.close()
