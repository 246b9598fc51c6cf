"""The commands of docs/aws.md, as they stand there, and what they have made at work."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.bridge import Bridge
from support.drivers import Function
from support.moto import ACCOUNT, REGION, Moto
from support.pipeline import config, job
from support.waiting import wait_until

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs/aws.md").read_text(),
                    re.MULTILINE | re.DOTALL)


@pytest.fixture
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"), MOTO_IAM_LOAD_MANAGED_POLICIES="true")
    server.create_group("runners", maximum=20)
    yield server
    server.close()


class Deployed(Function):
    """With the variables and the role that the commands have given it. Only CircleCI is elsewhere."""

    def __init__(self, world, moto, unpacked, made, keys, server):
        super().__init__(world, moto, keys, name="function", unpacked=unpacked)
        variables = made["Environment"]["Variables"]
        assert variables.keys() == {"MUSTER_CONFIG"}
        self.config_text = variables["MUSTER_CONFIG"].replace(
            "circleci:\n", f"circleci:\n  url: {server.url}\n  poll_interval: 1s\n")


def run_commands(place, moto, server, lambda_zip):
    """In a directory that looks like a clone with its package made."""
    (place / "script").mkdir(parents=True)
    package = place / "script/package"
    package.write_text(f"#!/bin/sh\necho {lambda_zip}\n")
    package.chmod(0o755)
    (place / "deploy").symlink_to(ROOT / "deploy")
    (place / "circleci.token").write_text(server.token)
    keys = {name.upper(): value for name, value in moto.administrator.items()}
    script = "".join(BLOCKS).replace("RESOURCE_CLASS=acme/linux", "RESOURCE_CLASS=local/small")
    assert "local/small" in script
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=place, text=True, capture_output=True,
        env={**keys, "AWS_ENDPOINT_URL": moto.url, "HOME": str(place), "AWS_PAGER": "",
             "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}, timeout=200)
    assert done.returncode == 0, done.stderr
    assert server.token not in done.stdout + done.stderr


def test_they_make_a_function_that_scales(world, server, small, moto, lambda_zip, unpacked,
                                          bridges):
    run_commands(world.place / "clone", moto, server, lambda_zip)
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
    function = Deployed(world, moto, unpacked, made, keys, server)
    bridges(bridge := Bridge(world, server, small, moto.client("autoscaling"), "runners"))
    function.start()
    pipeline = world.submit(server, config(build=job("true", parallelism=3)))
    assert pipeline.wait(120)["state"] == "success", function.output()
    wait_until(lambda: not bridge.instances(), 60, "no instances")
    function.stop()
    assert not function.failures
