"""The strict AWS of tests/support/strict on the wire, judged by boto3 and the `aws` command."""

import http.client
import json
import time
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.parsers import ResponseParserError

from support.aws_tools import NO_RETRIES, as_json, command, refused, set_desired, settle
from support.strict import StrictAws
from support.strict_group import aws, boto, group
from support.waiting import wait_until


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
    assert min(fifty_calls() for _ in range(3)) / 50 < 0.035


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
    boto = aws.client(config=NO_RETRIES)
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


# --- Itself -----------------------------------------------------------------------------------


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
