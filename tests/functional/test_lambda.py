"""The scaler as a function of AWS Lambda: a runtime API of ours, moto as AWS, our server as CircleCI."""

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from support.bridge import Bridge
from support.faulty import Faulty
from support.function import RuntimeApi
from support.moto import REGION, Moto
from support.pipeline import config, job
from support.waiting import wait_until

POLICY = json.loads((Path(__file__).parents[2] / "deploy/aws/scaler-policy.json").read_text())
NEEDED = [action for statement in POLICY["Statement"] for action in statement["Action"]]


@pytest.fixture
def moto(tmp_path):
    server = Moto(tmp_path)
    server.create_group("runners", maximum=40)
    server.create_lease_table("muster")
    yield server
    server.close()


@pytest.fixture
def runtime():
    api = RuntimeApi()
    yield api
    api.close()


class Function:
    """The function and its configuration; its process is started as Lambda does it."""

    def __init__(self, world, server, moto, runtime, **changes):
        self.world, self.runtime = world, runtime
        moto.client("secretsmanager").create_secret(
            Name="circleci", SecretString=json.dumps({"circle_token": server.token}))
        self.keys = moto.create_user("function", [
            {"Effect": "Allow", "Action": NEEDED, "Resource": "*"}])
        self.config = {
            "circleci": {"url": server.url, "token_secret": "circleci",
                         "token_field": "circle_token", "poll_interval": "1s"},
            "lease": {"table": "muster"},
            "resource_classes": {"local/small": {
                "max": 20, "auto_scaling_group": {"name": "runners"}}}, **changes}
        self.environment = {**{k.upper(): v for k, v in self.keys.items()},
                            "AWS_ENDPOINT_URL": moto.url, "AWS_REGION": REGION,
                            "AWS_LAMBDA_FUNCTION_NAME": "scaler"}

    def start(self, name="function"):
        return self.world.start(name, environment={
            **self.environment, "AWS_LAMBDA_RUNTIME_API": self.runtime.host,
            "MUSTER_CONFIG": json.dumps(self.config)})


def metrics(program, name):
    lines = [json.loads(line) for line in program.output().splitlines() if '"_aws"' in line]
    for line in lines:
        defined = {m["Name"] for m in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
        assert defined <= line.keys()
        assert (line["FunctionName"], line["ResourceClass"]) == ("scaler", "local/small")
    return [value for line in lines for value in line.get(name, [])]


def test_from_zero_and_back_invocation_by_invocation(world, server, small, moto, runtime, bridges):
    bridges(bridge := Bridge(world, server, small, moto.client("autoscaling"), "runners"))
    function = Function(world, server, moto, runtime)
    program = function.start()
    pipeline = world.submit(server, config(build=job("sleep 1", parallelism=12)))
    while pipeline.status()["state"] == "running":
        answer = runtime.invoke(seconds=10).succeed()
        assert answer["passes"] >= 3
    assert pipeline.wait()["state"] == "success", program.tail()
    wait_until(lambda: not bridge.instances(), 60, "no instances")
    assert bridge.describe()["DesiredCapacity"] == 0 == bridge.describe()["MinSize"]
    assert {task["runner"] for task in pipeline.tasks()} == bridge.runners.keys()

    runtime.invoke(seconds=7).succeed()
    assert sum(metrics(program, "Launches")) == 12 == max(metrics(program, "Waiting"))
    assert metrics(program, "Desired")[-1] == 0
    for secret in (server.token, function.keys["aws_secret_access_key"]):
        assert secret not in program.output()


def test_an_invocation_that_saw_nothing_has_failed(world, server, small, moto, runtime):
    function = Function(world, server, moto, runtime)
    program = function.start()
    runtime.invoke(seconds=7).succeed()
    server.stop()
    failed = runtime.invoke(seconds=8).wait()
    assert "the queue is unknown" in failed.error["errorMessage"], failed
    assert "local/small" in failed.error["errorMessage"]
    assert metrics(program, "Held")[-1] == 1
    server.start()
    wait_until(lambda: runtime.invoke(seconds=8).wait().error is None, 60, "a success")


@pytest.mark.threads
def test_it_answers_in_time_even_if_the_queue_does_not(world, server, small, moto, runtime):
    silent = Faulty(server.url)
    function = Function(world, server, moto, runtime)
    function.config["circleci"]["url"] = silent.url
    program = function.start()
    runtime.invoke(seconds=7).succeed()
    still = threading.Event()

    def wait(path, tell):
        still.wait(60)
        return tell()
    silent.fault = wait
    begun = time.monotonic()
    failed = runtime.invoke(seconds=10).wait()
    assert time.monotonic() - begun < 10
    assert "while the queue was being read: local/small: " in failed.error["errorMessage"]
    assert "the time of the invocation was over: see whether" in failed.error["errorMessage"]
    still.set()
    silent.fault = None
    # The lease was handed over, so that the next is in charge at once.
    assert runtime.invoke(seconds=10).succeed()["classes"], program.tail()
    silent.close()


def test_it_answers_in_time_even_if_the_keeper_of_the_token_does_not(
        world, server, small, moto, runtime):
    function = Function(world, server, moto, runtime)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        function.environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = address
        function.start()
        begun = time.monotonic()
        failed = runtime.invoke(seconds=10).wait()
        assert time.monotonic() - begun < 10
        assert ("while the queue was being read: local/small: reading the secret circleci"
                in failed.error["errorMessage"]), failed
        # One that has the time to wait for it learns who is silent.
        failed = runtime.invoke(seconds=30).wait()
        assert ("reading the secret circleci: AWS did not answer within 10s"
                in failed.error["errorMessage"]), failed


def test_a_wrong_configuration_is_told_at_the_start(world, server, moto, runtime):
    function = Function(world, server, moto, runtime)
    function.config["resource_classes"]["local/small"]["max"] = -1
    del function.config["lease"]
    program = function.start()
    assert program.wait() == 2
    message = runtime.start_error["errorMessage"]
    assert "resource_classes.local/small.max" in message and "state_directory" in message


def test_without_its_lease_it_says_what_to_create(world, server, small, moto, runtime):
    function = Function(world, server, moto, runtime, lease={"table": "nope"})
    function.start()
    failed = runtime.invoke(seconds=7).wait()
    assert failed.error, failed
    wait_until(lambda: f"there is no DynamoDB table nope in {REGION}" in world.programs[-1].output(),
               what="the cure in the log")


def test_of_two_only_one_is_in_charge(world, server, small, moto, runtime, bridges):
    bridges(bridge := Bridge(world, server, small, moto.client("autoscaling"), "runners"))
    function = Function(world, server, moto, runtime)
    first = function.start("first")
    ours = runtime.invoke(seconds=22)
    wait_until(lambda: "in charge" in first.output(), what="the first function's charge")
    second = function.start("second")
    theirs = runtime.invoke(seconds=8)
    pipeline = world.submit(server, config(build=job("sleep 1", parallelism=6)))
    theirs.succeed()
    assert "standing by" in second.output() and "the function scaler (" in second.output()
    assert pipeline.wait(120)["state"] == "success"
    ours.succeed()
    assert len(bridge.runners) == 6

    # Both are idle; whoever is invoked next takes the charge at once, as it was handed over.
    begun = time.monotonic()
    assert runtime.invoke(seconds=7).succeed()["classes"]
    assert time.monotonic() - begun < 20


def test_one_that_was_killed_is_followed_when_its_lease_has_ended(
        world, server, small, moto, runtime, bridges):
    bridges(bridge := Bridge(world, server, small, moto.client("autoscaling"), "runners"))
    function = Function(world, server, moto, runtime)
    first = function.start("first")
    runtime.invoke(seconds=60)
    wait_until(lambda: "in charge" in first.output(), what="the first function's charge")
    first.kill()
    pipeline = world.submit(server, config(build=job("true", parallelism=3)))
    second = function.start("second")
    runtime.invoke(seconds=58)
    assert pipeline.wait(120)["state"] == "success", second.tail()
    assert "standing by" in second.output() and "in charge" in second.output()
    assert len(bridge.runners) == 3
