"""An Auto Scaling group follows the queue: our server in the place of CircleCI, moto in that of AWS.

moto checks signatures and which actions a policy allows, not on what. It has no activities, no
instance that takes time to come and no throttling: test_group_as_aws_is.py has them.
"""

import json
import time

import pytest

from support.bridge import Bridge
from support.moto import REGION, Moto
from support.pipeline import config, job
from support.scaler import NEEDED, Scaler
from support.waiting import wait_until


@pytest.fixture
def moto(tmp_path):
    server = Moto(tmp_path)
    server.create_group("runners", maximum=20)
    yield server
    server.close()


def test_from_zero_and_back_with_a_launch_for_each_task(world, server, small, moto, bridges):
    bridges(bridge := Bridge(world, server, small, moto.client("autoscaling"), "runners"))
    scaler = Scaler(world, server, moto)
    program = scaler.start()
    pipeline = world.submit(server, config(build=job("sleep 1", parallelism=15)))
    assert pipeline.wait(240)["state"] == "success", program.tail()
    wait_until(lambda: not bridge.instances(), 60, "no instances")
    assert bridge.describe()["DesiredCapacity"] == 0
    assert bridge.describe()["MinSize"] == 0
    ran = {task["runner"] for task in pipeline.tasks()}
    assert len(ran) == 15 and ran == bridge.runners.keys()
    assert scaler.secret not in program.output() and server.token not in program.output()


def test_an_instance_that_never_connects_is_ended_and_another_comes(
        world, server, small, moto, bridges):
    dead = []

    def boots(name):
        dead.append(name)
        return len(dead) > 1
    bridges(bridge := Bridge(world, server, small, moto.client("autoscaling"), "runners", boots))
    program = Scaler(world, server, moto, boot_timeout="3s").start()
    pipeline = world.submit(server, config(build=job("true")))
    assert pipeline.wait(120)["state"] == "success", program.tail()
    wait_until(lambda: not bridge.instances(), 60, "no instances")
    assert f"{dead[0]} did not connect within 3s: end it" in program.output()
    assert len(dead) == 2


def test_killed_at_any_moment_the_next_one_goes_on(world, server, small, moto, bridges):
    bridges(bridge := Bridge(world, server, small, moto.client("autoscaling"), "runners"))
    scaler = Scaler(world, server, moto)
    pipeline = world.submit(server, config(build=job("sleep 1", parallelism=8)))
    for life in (0.02, 0.05, 0.1, 0.3, 1):  # seconds
        program = scaler.start()
        time.sleep(life)
        program.kill()
    scaler.start()
    assert pipeline.wait(240)["state"] == "success"
    wait_until(lambda: not bridge.instances(), 60, "no instances")
    assert len(bridge.runners) == 8


def test_once_writes_what_lives_and_what_waits(world, server, small, moto):
    world.submit(server, config(build=job("true", parallelism=3)))
    scaler = Scaler(world, server, moto)
    for _ in range(2):
        done = scaler.once()
        assert done.returncode == 0, done.stderr
        group, = moto.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        assert group["DesiredCapacity"] == 3
        assert all(i["ProtectedFromScaleIn"] for i in group["Instances"])


@pytest.mark.parametrize("where", [
    {"token_secret": "circleci", "token_field": "circle_token"}, {"token_parameter": "/circleci"}])
def test_the_token_may_be_kept_by_aws(world, server, small, moto, where):
    moto.client("secretsmanager").create_secret(Name="circleci", SecretString=json.dumps(
        {"resource_class": "local/small", "circle_token": server.token}))
    moto.client("ssm").put_parameter(Name="/circleci", Value=server.token, Type="SecureString")
    world.submit(server, config(build=job("true")))
    scaler = Scaler(world, server, moto,
                    allowed=[*NEEDED, "secretsmanager:GetSecretValue", "ssm:GetParameter"])
    settings = json.loads(scaler.file.read_text())
    del settings["circleci"]["token_file"]
    settings["circleci"].update(where, token_region=REGION)
    scaler.file.write_text(json.dumps(settings))
    done = scaler.once()
    assert done.returncode == 0, done.stderr
    assert "launch=1" in done.stderr and server.token not in done.stderr
    key, = set(where) - {"token_field"}
    settings["circleci"][key] = "nope"
    scaler.file.write_text(json.dumps(settings))
    done = scaler.once()
    assert done.returncode == 3 and f"'nope' in {REGION}" in done.stderr
    assert f": create it, or correct circleci.{key}" in done.stderr
    del settings["circleci"]["token_region"]
    scaler.file.write_text(json.dumps(settings))
    done = scaler.once()
    assert done.returncode == 3 and "nope" in done.stderr


def test_no_plan_without_what_the_scaler_remembers(world, server, small, moto):
    moto.create_lease_table("muster")
    for allowed, code in ((NEEDED, 0), ([a for a in NEEDED if a != "dynamodb:GetItem"], 4)):
        scaler = Scaler(world, server, moto, allowed=allowed, name=f"scaler-{code}")
        settings = json.loads(scaler.file.read_text())
        settings["lease"] = {"table": "muster", "region": REGION}
        scaler.file.write_text(json.dumps(settings))
        plan = world.run("plan", "--config", scaler.file, environment=scaler.environment)
        assert plan.returncode == code, plan.stderr
        unreadable = "no plan, as what the scaler remembers is unreadable: local/small: "
        assert (unreadable in plan.stderr) == (code == 4), plan.stderr
        assert ("allow dynamodb:GetItem" in plan.stderr) == (code == 4), plan.stderr


@pytest.mark.parametrize("change, words", [
    ({"name": "runner"}, ["there is no Auto Scaling group runner"]),
    ({"region": "us-east-1"}, ["there is no Auto Scaling group runners in us-east-1"]),
])
def test_a_group_that_is_not_there_is_told(world, server, small, moto, change, words):
    scaler = Scaler(world, server, moto)
    settings = json.loads(scaler.file.read_text())
    settings["resource_classes"]["local/small"]["auto_scaling_group"].update(change)
    scaler.file.write_text(json.dumps(settings))
    done = scaler.once()
    assert done.returncode == 3
    assert all(word in done.stderr for word in words), done.stderr


def test_a_refused_end_is_told_and_tried_again(world, server, small, moto, bridges):
    terminate = "autoscaling:TerminateInstanceInAutoScalingGroup"
    bridges(bridge := Bridge(world, server, small, moto.client("autoscaling"), "runners",
                             boots=lambda name: False))
    allowed = [a for a in NEEDED if a != terminate]
    program = Scaler(world, server, moto, allowed=allowed, boot_timeout="2s").start()
    world.submit(server, config(build=job("true")))
    wait_until(lambda: program.output().count(f"allow {terminate}") > 1, 60, "two tries")
    assert bridge.instances()


@pytest.mark.parametrize("missing", ["autoscaling:DescribeAutoScalingGroups",
                                     "autoscaling:SetDesiredCapacity"])
def test_a_missing_permission_is_named(world, server, small, moto, missing):
    world.submit(server, config(build=job("true")))
    scaler = Scaler(world, server, moto, allowed=[a for a in NEEDED if a != missing])
    done = scaler.once()
    assert done.returncode == 3, done.stderr
    assert missing in done.stderr
    assert scaler.secret not in done.stderr
