"""The stack's roles: what they allow, held against the shipped policy and against what is called.

Groups are the strict server's, which looks at each policy's resources and region, with the
statements of the template itself; all else is moto's, whose calls are held against them afterwards.
"""

from types import SimpleNamespace

import pytest

from support.bridge import Bridge
from support.cloud import Cloud
from support.imds import Imds
from support.instance import Instance, recorded
from support.pipeline import config, job
from support.policies import called_at_groups, called_at_moto, compare
from support.scaler import filled_in
from support.stack import Stack
from support.strict.keys import ACCOUNT, REGION, allows
from support.waiting import wait_until

TERMINATE = "TerminateInstanceInAutoScalingGroup"
GROUP_ARN = (f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*:"
             "autoScalingGroupName/{}")
LOG_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/muster/runners/{{}}:*"


@pytest.fixture
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"), launch_delay=0.2, boot_delay=0.2,
                  replace_delay=0.3, terminate_delay=0.3)
    yield cloud
    cloud.close()


@pytest.fixture
def stack(cloud, server, small, tmp_path_factory):
    """Its group is the strict server's."""
    stack = Stack(cloud.moto, tmp_path_factory.mktemp("clone")).made(
        PersonalToken=server.token, ClassToken=small, ResourceClass="local/small",
        ApiUrl=server.url, Runner="muster")
    cloud.groups.create_group("runners", maximum=20)
    return stack


@pytest.fixture
def role(cloud, stack):
    """Keys with the statements of a role of the stack, from which on calls are recorded."""
    def take_on(name):
        keys = cloud.assume_role(name, stack.statements(name))
        cloud.moto.record()
        return keys
    return take_on


def by_sid(statements):
    """Each once, with its actions as a list in order."""
    found = {s["Sid"]: {**s, "Action": sorted([s["Action"]] if isinstance(s["Action"], str)
                                              else s["Action"])} for s in statements}
    assert len(found) == len(statements)
    return found


def log_writing(sid, kind):
    return {"Sid": sid, "Effect": "Allow", "Resource": LOG_ARN.format(kind),
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]}


def test_the_scaler_may_do_what_the_shipped_policy_says_and_what_the_template_adds(stack):
    resources = stack.resources()
    name = resources["PersonalTokenOfStack"].rpartition(":")[2].rpartition("-")[0]
    shipped = by_sid(filled_in(REGION=REGION, ACCOUNT=ACCOUNT, GROUP="runners",
                               TABLE=resources["Leases"], SECRET=name))
    # The template knows the whole name of its secret, the policy all but AWS's six characters.
    reading = shipped["ReadThePersonalToken"]
    assert allows(reading, "secretsmanager:GetSecretValue", resources["PersonalTokenOfStack"])
    for other in (resources["ClassTokenOfStack"],
                  resources["PersonalTokenOfStack"].replace(name, f"{name}-of-another")):
        assert not allows(reading, "secretsmanager:GetSecretValue", other)
    reading["Resource"] = resources["PersonalTokenOfStack"]
    # Its configuration says suspend_rebalancing; and Lambda writes the log as this role.
    shipped["SizeTheGroup"]["Action"] = sorted(
        [*shipped["SizeTheGroup"]["Action"], "autoscaling:SuspendProcesses"])
    shipped["WriteTheLog"] = log_writing("WriteTheLog", "scaler")
    assert by_sid(stack.statements("ScalerRole")) == shipped


def test_an_instance_may_do_four_things_to_what_is_its_own(stack):
    assert by_sid(stack.statements("InstanceRole")) == {
        "ReadTheClassToken": {
            "Sid": "ReadTheClassToken", "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": stack.resources()["ClassTokenOfStack"]},
        "FetchThePackage": {
            "Sid": "FetchThePackage", "Effect": "Allow", "Action": ["lambda:GetLayerVersion"],
            "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:runners-instance:*"},
        "EndItself": {
            "Sid": "EndItself", "Effect": "Allow", "Action": [f"autoscaling:{TERMINATE}"],
            "Resource": GROUP_ARN.format("runners")},
        "SayWhy": log_writing("SayWhy", "instances")}


def test_the_scaler_needs_each_of_its_rights_and_no_other(world, server, small, cloud, stack, role,
                                                          bridges):
    """It launches an instance that never connects, and ends it."""
    keys, group = role("ScalerRole"), cloud.groups.group("runners")
    bridges(Bridge(world, server, small, cloud.scaling(), "runners", boots=lambda name: False))
    file = world.place / "muster.yaml"
    text = stack.configuration()
    assert "boot_timeout: 10m" in text
    file.write_text(text.replace("boot_timeout: 10m", "boot_timeout: 3s").replace(
        "circleci:\n", "circleci:\n  poll_interval: 1s\n"))
    world.submit(server, config(build=job("true")))
    program = world.start("scaler", "scale", "--config", file, environment=cloud.environment(keys))
    wait_until(lambda: any(not call.code for call in cloud.groups.calls_of(TERMINATE)), 90,
               "an instance is ended")
    wait_until(lambda: "AZRebalance" in group.suspended, what="the zones are left alone")
    assert program.stop() == 0, program.tail()
    assert not [call for call in cloud.groups.calls if call.code == "AccessDenied"]
    called = called_at_moto(cloud.moto, keys) | called_at_groups(cloud.groups, keys, "runners")
    # What Lambda itself does as this role.
    stream = LOG_ARN.format("scaler").removesuffix("*") + "log-stream:2026/01/01/[$LATEST]0123"
    called |= {("logs:CreateLogStream", stream), ("logs:PutLogEvents", stream)}
    assert compare(stack.statements("ScalerRole"), called) == (set(), set())


def fetch_package(stack, moto, keys, monkeypatch):
    """As the user data asks for it, with its own signer."""
    imds = Imds("i-0123456789abcdef0", keys)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    script = stack.user_data()
    assert script.endswith("\n\nif __name__ == '__main__':\n    main()\n"), "it would boot this machine"
    names = {"__name__": "read"}
    exec(compile(script, "user-data", "exec"), names)
    *_, layer, version = stack.resources()["InstancePackage"].split(":")
    with moto.unchecked():
        assert names["aws"]("lambda", "GET", f"/2018-10-31/layers/{layer}/versions/{version}")
    imds.close()


def test_an_instance_needs_each_of_its_rights_and_no_other(world, cloud, stack, role, monkeypatch):
    cloud.scaling().set_desired_capacity(AutoScalingGroupName="runners", DesiredCapacity=1)
    group = cloud.groups.group("runners")
    wait_until(lambda: [i.state for i in group.instances] == ["InService"], what="an instance")
    keys = role("InstanceRole")
    instance = Instance(
        world, cloud, group.instances[0].id, keys, group="runners",
        token_secret=stack.resources()["ClassTokenOfStack"], log_group=stack.outputs()["InstanceLog"],
        runner="muster", api_url="http://127.0.0.1:1")
    configured = instance.configure(world.place / "run" / "runner.yaml")
    assert configured.returncode == 0, configured.stderr
    released = instance.release("--reason", "boot: a trial")
    assert released.returncode == 0, released.stderr
    wait_until(lambda: not group.instances, what="its end")
    assert instance.shut_down() == 0
    assert "boot: a trial" in "".join(recorded(cloud.moto, instance.id, "/muster/runners/instances"))
    fetch_package(stack, cloud.moto, keys, monkeypatch)
    called = called_at_moto(cloud.moto, keys) | called_at_groups(cloud.groups, keys, "runners")
    assert compare(stack.statements("InstanceRole"), called) == (set(), set())
    instance.close()


def test_an_instance_ends_none_of_another_group(world, cloud, role):
    """Its role is the stack's, and its group is not."""
    cloud.groups.create_group("others", maximum=1, DesiredCapacity=1)
    group = cloud.groups.group("others")
    wait_until(lambda: [i.state for i in group.instances] == ["InService"], what="an instance")
    instance = Instance(world, cloud, group.instances[0].id, role("InstanceRole"), group="others")
    released = instance.release("--patience", "2s")
    assert released.returncode == 1 and instance.shut_down() == 1
    assert {call.code for call in cloud.groups.calls_of(TERMINATE)} == {"AccessDenied"}
    assert len(group.instances) == 1
    instance.close()


@pytest.mark.parametrize("change, expected", [
    (lambda s: s["Resource"].replace("runners", "runner"), "missing"),
    (lambda s: s["Resource"].replace(REGION, "us-east-1"), "missing"),
    (lambda s: "arn:aws:autoscaling:*", None)])
def test_the_comparison_sees_a_resource_that_is_wrong(change, expected):
    """And a wider one is no miss: that is what the exact statements above are for."""
    statement = {"Sid": "EndItself", "Effect": "Allow", "Action": f"autoscaling:{TERMINATE}",
                 "Resource": GROUP_ARN.format("runners")}
    called = {(statement["Action"], GROUP_ARN.format("runners"))}
    missing, needless = compare([{**statement, "Resource": change(statement)}], called)
    assert bool(missing) == bool(needless) == (expected == "missing")


def test_a_call_that_the_comparison_does_not_know_is_told_with_the_cure():
    moto = SimpleNamespace(recorded_calls=lambda key: [("sqs:SendMessage", "http://moto/", "{}")])
    with pytest.raises(AssertionError, match=r"sqs:SendMessage was called.*: tell RESOURCES of "):
        called_at_moto(moto, {"aws_access_key_id": "AKIA"})


def test_a_statement_that_cannot_be_compared_is_told_with_the_cure():
    with pytest.raises(AssertionError, match="say its Sid, Action and Resource in the template"):
        compare([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], set())
