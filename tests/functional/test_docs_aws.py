"""The commands of docs/aws.md and docs/scaler-by-hand.md, as they stand, and what they make."""

import base64
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from urllib.parse import parse_qs

import pytest

from support.alarms import MINUTE, alarms, fires
from support.bridge import Bridge
from support.drivers import Function
from support.moto import ACCOUNT, REGION, Moto
from support.pipeline import config, job
from support.scripted import Scripted
from support.secrets import files_with
from support.stack import Deployed as DeployedStack
from support.stack import actions
from support.waiting import wait_until

ROOT = Path(__file__).parents[2]


def commands(page):
    """Those of a page, block by block."""
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs" / page).read_text(),
                      re.MULTILINE | re.DOTALL)


@pytest.fixture
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"), MOTO_IAM_LOAD_MANAGED_POLICIES="true")
    yield server
    server.close()


class Deployed(Function):
    """With the variables and the role that the commands have given it."""

    def __init__(self, world, moto, unpacked, made, keys):
        super().__init__(world, moto, keys, name="function", unpacked=unpacked)
        variables = made["Environment"]["Variables"]
        assert variables.keys() == {"MUSTER_CONFIG"}
        self.config_text = variables["MUSTER_CONFIG"].replace(
            "circleci:\n", "circleci:\n  poll_interval: 1s\n")

    def at(self, server):
        """CircleCI alone is elsewhere."""
        self.config_text = self.config_text.replace(
            "circleci:\n", f"circleci:\n  url: {server.url}\n")
        return self


class Clone:
    """A directory that looks like a clone with its packages made."""

    def __init__(self, place, packages, binary):
        self.place = place
        for directory in ("script", "build/package"):
            (place / directory).mkdir(parents=True)
        package = place / "script/package"
        package.write_text(f"#!/bin/sh\necho {packages / 'lambda.zip'}\n")
        package.chmod(0o755)
        (place / "deploy").symlink_to(ROOT / "deploy")
        (place / "build/package/muster").symlink_to(binary)
        for kind in ("lambda", "instance"):
            (place / f"build/package/{kind}.zip").symlink_to(packages / f"{kind}.zip")

    def write(self, name, text):
        (self.place / name).write_text(text)

    def run(self, moto, script, expected=0, shell=("bash", "-euo", "pipefail", "-c")):
        keys = {name.upper(): value for name, value in moto.administrator.items()}
        done = subprocess.run(
            [*shell, script], cwd=self.place, text=True,
            capture_output=True, env={
                **keys, "AWS_ENDPOINT_URL": moto.url, "HOME": str(self.place), "AWS_PAGER": "",
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            timeout=200)
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def clone(world, packages, binary):
    return Clone(world.place / "clone", packages, binary)


def with_class(script):
    assert "RESOURCE_CLASS=acme/linux" in script
    return script.replace("RESOURCE_CLASS=acme/linux", "RESOURCE_CLASS=local/small")


def scale(world, server, token, moto, function, bridges, tasks):
    """From zero, and back: the jobs are green, and the instances gone."""
    bridges(bridge := Bridge(world, server, token, moto.client("autoscaling"), "runners"))
    function.start()
    pipeline = world.submit(server, config(build=job("true", parallelism=tasks)))
    assert pipeline.wait(120)["state"] == "success", function.output()
    wait_until(lambda: not bridge.instances(), 60, "no instances")
    function.stop()
    assert not function.failures
    return bridge


def samples(function):
    """All that the function has printed of the class: of each metric, (second, value)s."""
    lines = [json.loads(line) for line in function.output().splitlines() if '"_aws"' in line]
    found = {}
    for line in lines:
        assert line["ResourceClass"] == "local/small"
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            found.setdefault(metric["Name"], []).extend(
                (line["_aws"]["Timestamp"] // 1000, value) for value in line[metric["Name"]])
    return found


def alarmed(found):
    """Which alarms of a run, in its minutes and the four after it."""
    begin = min(second for second, _ in found["Desired"]) // MINUTE * MINUTE
    run = {name: [(second - begin, value) for second, value in values]
           for name, values in found.items()}
    minutes = max(second for second, _ in run["Desired"]) // MINUTE + 5
    return [name for name, alarm in alarms().items() if fires(alarm, run, minutes)]


def capacities_written(moto, keys):
    return [int(parse_qs(body)["DesiredCapacity"][0])
            for action, _, body in moto.recorded_calls(keys["aws_access_key_id"])
            if action == "autoscaling:SetDesiredCapacity"]


def test_by_hand_they_make_a_function_that_scales(world, server, small, moto, clone, lambda_zip,
                                                  unpacked, bridges):
    moto.create_group("runners", maximum=20)
    clone.write("circleci.token", server.token)
    assert server.token not in clone.run(moto, with_class("".join(commands("scaler-by-hand.md"))))
    with moto.unchecked():
        made, = moto.client("lambda").list_functions()["Functions"]
        invoke = moto.client("lambda").get_function_event_invoke_config(
            FunctionName="muster-scaler")
    assert made["Runtime"] == "provided.al2023" and made["Handler"] == "bootstrap"
    assert made["Timeout"] == 60 and made["Architectures"] == ["x86_64"]
    assert made["CodeSize"] == lambda_zip.stat().st_size
    assert invoke["MaximumRetryAttempts"] == 0 and invoke["MaximumEventAgeInSeconds"] == 60
    rule = moto.client("events").describe_rule(Name="muster-scaler")
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    target, = moto.client("events").list_targets_by_rule(Rule="muster-scaler")["Targets"]
    assert target["Arn"] == made["FunctionArn"]

    policy = moto.client("iam").get_role_policy(RoleName="muster-scaler", PolicyName="scale")
    text = json.dumps(policy["PolicyDocument"])
    assert f"{REGION}:{ACCOUNT}:table/muster" in text and "autoScalingGroupName/runners" in text
    assert not re.search(r"\b(REGION|ACCOUNT|GROUP|TABLE|SECRET)\b", text)

    # moto knows no role that a service takes on, and no resources: one with the same actions.
    keys = moto.assume_role("same-actions", [
        {"Effect": "Allow", "Action": statement["Action"], "Resource": "*"}
        for statement in policy["PolicyDocument"]["Statement"]])
    function = Deployed(world, moto, unpacked, made, keys).at(server)
    scale(world, server, small, moto, function, bridges, tasks=3)


PAGE = (ROOT / "docs/aws.md").read_text()
NAMES, *MAKE, SETUP, TOKENS, AMI, DRAIN, DISABLE, WAIT, DELETE = commands("aws.md")
STORE, NETWORK, STACK, LOOK = MAKE
UPDATE, = re.findall(r"^  ```sh\n(.*?)^  ```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def deploy(server, small, clone, moto):
    """Makes the stack as the page tells; all that was said."""
    def do():
        clone.write("circleci.token", server.token + "\n")
        clone.write("class.token", small + "\n")
        given = '"ClassTokenSecret=$CLASS"'
        assert given in "".join(MAKE)
        with moto.unchecked():
            said = clone.run(moto, with_class(NAMES + "".join(MAKE).replace(
                given, f'{given} "ApiUrl={server.url}"')))
        assert "another region" not in said
        for token in (server.token, small):
            assert token not in said
        return said
    return do


def test_the_stack_is_deployed_looked_at_scales_and_is_gone(world, server, small, moto, clone,
                                                            unpacked, bridges, deploy):
    said = deploy()
    with moto.unchecked():
        assert " 1 warning, 0 bad, 2 unknown" in said, said
        assert "nobody has ever been in charge" in said
        made, = moto.client("lambda").list_functions()["Functions"]
    assert (clone.place / "muster.yaml").read_text().strip() == made["Environment"]["Variables"][
        "MUSTER_CONFIG"].strip()

    stack = DeployedStack(moto)
    keys = stack.keys("ScalerRole")
    moto.record()
    function = Deployed(world, moto, unpacked, made, keys)
    bridge = scale(world, server, small, moto, function, bridges, tasks=40)
    assert len(bridge.runners) == 40, capacities_written(moto, keys)
    bridge.stop()
    assert not alarmed(samples(function))
    # With the rights that it has; those that it did not need are for what did not happen.
    called = moto.recorded(keys["aws_access_key_id"])
    assert called <= actions(stack.statements("ScalerRole"))
    assert {"autoscaling:SetDesiredCapacity", "autoscaling:SuspendProcesses",
            "secretsmanager:GetSecretValue", "dynamodb:PutItem"} <= called
    assert [p["ProcessName"] for p in stack.group()["SuspendedProcesses"]] == ["AZRebalance"]

    with moto.unchecked():
        table, = moto.client("dynamodb").list_tables()["TableNames"]
        shown = str([said, made, stack.group(), moto.client("dynamodb").scan(TableName=table),
                     moto.client("cloudformation").get_template(StackName="runners"),
                     DeployedStack(moto).user_data()])
        for secret in (server.token, small):
            assert secret not in shown
            assert not files_with(secret, world.place)  # what each program has said is among them
        clone.run(moto, "sleep() { :; }\n" + NAMES + DISABLE + WAIT + DELETE)
        assert not moto.client("lambda").list_functions()["Functions"]
    assert not moto.client("cloudformation").list_stacks(
        StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
    assert not moto.client("secretsmanager").list_secrets()["SecretList"]
    assert not moto.client("s3").list_buckets()["Buckets"]


# Has one call of `aws` answer otherwise, and keeps which were made.
OTHERWISE = """
aws() {{
  echo "$2" >>calls
  if [ "$2" = {call} ]; then {answer}; else command aws "$@"; fi
}}
"""


@pytest.mark.parametrize("call, answer, cure", (
    ("describe-vpcs", "echo None", "no default VPC: set VPC and SUBNETS yourself"),
    ("describe-instance-type-offerings", "echo", "no m6i.large: set INSTANCE_TYPE to another"),
    ("describe-subnets", "echo", "no subnet where there is m6i.large: set VPC and SUBNETS yourself")))
def test_the_network_s_step_ends_where_it_cannot_go_on(clone, moto, call, answer, cure):
    with moto.unchecked():
        said = clone.run(moto, NAMES + OTHERWISE.format(call=call, answer=answer) + NETWORK, expected=1)
    assert cure in said
    assert (clone.place / "calls").read_text().split()[-1] == call


@pytest.mark.parametrize("before, code, elsewhere", (
    ('command aws s3 mb "s3://$BUCKET" --region us-west-2\n', 1, True),
    # Somebody else's.
    (OTHERWISE.format(call="get-bucket-location", answer="echo AccessDenied >&2; return 254"), 254, False)))
def test_nothing_is_deployed_to_a_bucket_that_is_not_right(clone, moto, before, code, elsewhere):
    assert REGION != "us-west-2"
    clone.write("circleci.token", "personal")
    clone.write("class.token", "class")
    with moto.unchecked():
        said = clone.run(moto, with_class(NAMES + STORE + NETWORK + before + STACK), expected=code)
        assert not moto.client("cloudformation").list_stacks()["StackSummaries"]
    assert (f"muster-{ACCOUNT}-{REGION} is in another region: set BUCKET to another name" in said) == elsewhere
    assert not (clone.place / "out.yaml").exists()


# As a person's shell runs what is pasted: after a command that fails it goes on.
PASTED = ("bash", "-c")
LOGGED = """
aws() { echo "$2" >>calls; [ "$2" != "$FAILS" ]; }
"""


@pytest.mark.parametrize("fails, block, done", (
    ("", "UPDATE", ["package"]),
    ("delete-stack", "DELETE", ["delete-stack"]),
    ("wait", "DELETE", ["delete-stack", "wait"]),
    ("describe-auto-scaling-groups", "DRAIN", ["describe-auto-scaling-groups"])))
def test_nothing_follows_a_command_that_failed(clone, moto, fails, block, done):
    clone.write("script/package", "#!/bin/sh\necho package >>calls\nexit 1\n")
    clone.run(moto, f"export STACK=runners BUCKET=b FAILS={fails}\n" + LOGGED + globals()[block],
              expected=1, shell=PASTED)
    assert (clone.place / "calls").read_text().split() == done


def group(desired, instances):
    members = "<member><InstanceId>i-1</InstanceId></member>" * instances
    return (f"<member><AutoScalingGroupName>runners</AutoScalingGroupName><DesiredCapacity>{desired}"
            f"</DesiredCapacity><Instances>{members}</Instances></member>")


@pytest.mark.parametrize("groups", (
    (group(1, 0), group(1, 1), group(0, 1), group(0, 0)),
    (group(1, 1), "")))  # deleted meanwhile
def test_one_waits_until_no_instance_is_there_or_asked_for(clone, moto, groups):
    left = list(groups)

    def answer(*_):
        return 200, ("<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>"
                     f"<AutoScalingGroups>{left.pop(0)}</AutoScalingGroups>"
                     "</DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>")

    aws = Scripted(answer)
    clone.run(moto, f"export STACK=runners AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}\n"
              f"export AWS_ENDPOINT_URL={aws.url}\nsleep() {{ :; }}\n" + WAIT)
    aws.close()
    assert not left


def new_version(stack, moto):
    """As CloudFormation updates a stack, which moto cannot: it would make the group anew."""
    name = stack.resources()["LaunchTemplate"]
    version = moto.client("ec2").create_launch_template_version(
        LaunchTemplateId=name, SourceVersion="1", LaunchTemplateData={"KeyName": "another"})[
            "LaunchTemplateVersion"]["VersionNumber"]
    mixed = stack.group()["MixedInstancesPolicy"]
    mixed["LaunchTemplate"]["LaunchTemplateSpecification"] = {
        "LaunchTemplateId": name, "Version": str(version)}
    moto.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=stack.name, MixedInstancesPolicy=mixed)


def drained(moto, instance):
    tags = moto.client("ec2").describe_tags(Filters=[
        {"Name": "resource-id", "Values": [instance["InstanceId"]]}])["Tags"]
    return "muster:drain" in [tag["Key"] for tag in tags]


def test_the_setup_script_of_the_page_is_passed_as_it_is(moto, clone):
    """To an `aws` that tells its words: an update is more than moto can do."""
    words = clone.run(moto, 'STACK=runners\naws() { printf "%s\\0" "$@"; }\n' + SETUP).split("\0")
    given, = [word for word in words if word.startswith("SetupScript=")]
    assert words[:2] == ["cloudformation", "deploy"] and "--parameter-overrides" in words
    script = (clone.place / "setup.sh").read_text()
    assert given == "SetupScript=" + script.rstrip("\n")
    assert script.startswith("#!/bin/bash\n") and "nodejs" in script


# Tells all words of `aws`, and who could read its file of parameters.
WATCHED = """
export TMPDIR=$PWD
aws() {
  printf '%s\n' "$@" >>words
  [ "$2" != create-stack ] || stat -c %a "$PARAMETERS" >mode
  command aws "$@"
}
"""


def test_tokens_as_parameters_come_in_a_file_of_their_owner_that_is_gone(server, small, clone, moto):
    clone.write("circleci.token", server.token + "\n")
    clone.write("class.token", small + "\n")
    before, deploy, _ = STACK.partition("aws cloudformation deploy")
    assert deploy
    with moto.unchecked():
        said = clone.run(moto, WATCHED + with_class(NAMES + NETWORK + before + TOKENS))
    words = (clone.place / "words").read_text()
    assert "create-stack" in words and (clone.place / "mode").read_text() == "600\n"
    made, read = DeployedStack(moto).resources(), moto.client("secretsmanager").get_secret_value
    for name, token in (("PersonalTokenOfStack", server.token), ("ClassTokenOfStack", small)):
        assert read(SecretId=made[name])["SecretString"] == token
        assert token not in words + said
        assert not files_with(token, clone.place)
    assert not [*clone.place.glob("*.token"), *clone.place.glob("tmp.*")]


def test_a_file_of_parameters_is_gone_also_if_they_are_refused(server, clone, moto):
    clone.write("circleci.token", server.token)
    clone.write("class.token", "two words")
    before, _, _ = STACK.partition("aws cloudformation deploy")
    with moto.unchecked():
        said = clone.run(moto, WATCHED + with_class(NAMES + NETWORK + before + TOKENS), expected=255)
    assert "without a space" in said and server.token not in said
    assert not files_with(server.token, clone.place)
    assert (clone.place / "circleci.token").exists()  # for another try


def power_off(ec2, stop):
    """What its user data does to the machine that becomes an image."""
    while not stop.wait(0.5):
        for reservation in ec2.describe_instances()["Reservations"]:
            for instance in reservation["Instances"]:
                if instance["State"]["Name"] == "running":
                    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])


def test_an_image_is_made_of_a_machine_that_is_gone_then(clone, moto):
    ec2, stop = moto.client("ec2"), Event()
    network = NAMES + NETWORK
    with moto.unchecked(), ThreadPoolExecutor(1) as pool:
        done = pool.submit(power_off, ec2, stop)
        try:
            said = clone.run(moto, network + AMI)
        finally:
            stop.set()
        done.result()
        (reservation,) = ec2.describe_instances()["Reservations"]
        machine, = reservation["Instances"]
        script = ec2.describe_instance_attribute(
            InstanceId=machine["InstanceId"], Attribute="userData")["UserData"]["Value"]
        image, = ec2.describe_images(Owners=["self"])["Images"]
    assert said.splitlines()[-1] == f"ImageId={image['ImageId']}"
    assert f"{machine['InstanceId']} makes it" in said
    assert machine["State"]["Name"] == "terminated"
    assert base64.b64decode(script).decode() == (clone.place / "ami.sh").read_text()


def test_an_update_replaces_instances_by_attrition_as_the_doctor_tells(moto, clone, deploy):
    """And the page's commands drain what is old, and nothing else."""
    assert "launch-template: all instances are of the present" in deploy()
    stack, scaling = DeployedStack(moto), moto.client("autoscaling")
    scaling.set_desired_capacity(AutoScalingGroupName="runners", DesiredCapacity=1)
    old, = stack.group()["Instances"]
    clone.run(moto, NAMES + DRAIN)
    assert not drained(moto, old)  # it is of the present version
    new_version(stack, moto)
    with moto.unchecked():
        said = clone.run(moto, NAMES + LOOK)
    told, = re.findall(r"launch-template: (new instances are of version (\d+) of the launch template, "
                       r"and 1 of version (\d+): they go as their tasks end)", said)
    assert int(told[1]) > int(told[2])
    clone.run(moto, NAMES + DRAIN)
    assert drained(moto, old)
    assert len(stack.group()["Instances"]) == 1  # nobody has ended any
    # What the page shows of the doctor is what it says.
    shown, = re.findall(r"^  ! launch-template: (.*?): they go as their tasks end; …$", PAGE,
                        re.MULTILINE)
    assert re.sub(r"\d+", "N", shown) == re.sub(r"\d+", "N", told[0].partition(": they")[0])


def test_what_is_to_be_copied_has_no_gap():
    for page in ("aws.md", "scaler-by-hand.md", "operate.md", "on-premises.md"):
        for block in commands(page):
            assert "…" not in block and "..." not in block, block
