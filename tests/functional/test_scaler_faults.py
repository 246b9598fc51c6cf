"""The scaler as daemon, by cron and as the packaged function, when all is well and when it is not.

Our server, behind a proxy that can lie, is in the place of CircleCI; tests/support/cloud.py in that
of AWS; each instance in service is a real runner, and its end the instance's.
"""

import itertools
import json
import time
from pathlib import Path

import pytest

from support import faulty
from support.bridge import Bridge
from support.cloud import Cloud
from support.drivers import CONFIG, DRIVERS
from support.faulty import Faulty, Told
from support.pipeline import config, job
from support.scaler import NEEDED, filled_in
from support.secrets import files_with
from support.strict.group import NO_CAPACITY
from support.strict.keys import ACCOUNT, REGION
from support.waiting import wait_until

# As docs tell to fill it in.
STATEMENTS = filled_in(REGION=REGION, ACCOUNT=ACCOUNT, GROUP="runners", TABLE="muster",
                       SECRET="circleci")
TERMINATE = "TerminateInstanceInAutoScalingGroup"
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"), launch_delay=0.3, boot_delay=0.5,
                  replace_delay=1, terminate_delay=0.5)
    cloud.moto.create_lease_table("muster")
    yield cloud
    cloud.close()


class Stage:
    """A queue, a group, and what joins them."""

    def __init__(self, world, server, token, cloud, unpacked):
        self.world, self.server, self.cloud, self.unpacked = world, server, cloud, unpacked
        self.token, self.circleci = token, Faulty(server.url)
        self.group = cloud.groups.create_group("runners", maximum=40)
        self.keys = cloud.assume_role("scaler", STATEMENTS)
        cloud.keep_token("circleci", server.token)
        self.boots = lambda name: True
        self.bridge = Bridge(world, server, token, cloud.scaling(), "runners",
                             boots=lambda name: self.boots(name),
                             environment=cloud.environment(self.keys))
        self.drivers = []

    def scale(self, kind, name="scaler", policy=None, keys=None, **environment):
        policy = {"max": 40, "boot_timeout": "1m", **(policy or {})}
        driver = DRIVERS[kind](
            self.world, self.cloud, self.keys if keys is None else keys, name=name, unpacked=self.unpacked,
            config={**CONFIG, "circleci": {**CONFIG["circleci"], "url": self.circleci.url},
                    "resource_classes": {"local/small": {
                        **policy, "auto_scaling_group": {"name": "runners"}}}})
        driver.environment.update(environment)
        self.drivers.append(driver)
        return driver.start()

    def submit(self, tasks, command="sleep 1"):
        return self.world.submit(self.server, config(build=job(command, parallelism=tasks)))

    def end_well(self, pipeline, launches, spare=0):
        """All green at the first attempt, nobody ended while busy, back to zero, none for nothing."""
        assert pipeline.wait(400)["state"] == "success", self.drivers[0].output()[-3000:]
        wait_until(lambda: not self.group.instances and self.group.desired == 0, 120,
                   "no instances, and none desired")
        assert {task["attempt"] for task in pipeline.tasks()} == {1}
        assert not self.bridge.killed, "a busy one was ended"
        assert launches <= self.group.launched() <= launches + spare
        self.tells_no_secret()

    def secrets(self):
        return [self.server.token, self.token, self.keys["aws_secret_access_key"],
                self.keys["aws_session_token"]]

    def kept(self):
        """The lease table's items, with what the scaler remembers."""
        items = self.cloud.moto.client("dynamodb").scan(TableName="muster")["Items"]
        assert items, "nothing is remembered, so that nothing was looked at"
        return json.dumps(items)

    def tells_no_secret(self):
        kept = self.kept()
        for secret in self.secrets():
            for driver in self.drivers:
                assert secret not in driver.output(), "a secret is in a log"
                assert secret not in driver.told_lambda(), "a secret is in an answer"
            assert secret not in kept, "a secret is in the lease table"
            assert not files_with(secret, self.world.place), "a secret is in a file"

    def desired(self):
        return [call.parameters["DesiredCapacity"]
                for call in self.cloud.groups.calls_of("SetDesiredCapacity") if call.parameters]

    def close(self):
        for driver in self.drivers:
            driver.stop()
        self.bridge.stop()
        self.circleci.close()


@pytest.fixture
def stage(world, server, small, cloud, unpacked):
    stage = Stage(world, server, small, cloud, unpacked)
    yield stage
    stage.close()


@pytest.fixture(params=DRIVERS)
def kind(request):
    return request.param


def test_forty_tasks_forty_launches_and_no_secret_anywhere(stage, kind):
    stage.scale(kind)
    pipeline = stage.submit(40, "env")
    in_argv = watch_process_list(stage, pipeline)
    stage.end_well(pipeline, launches=40)
    assert len({task["runner"] for task in pipeline.tasks()}) == 40
    assert not in_argv, "a secret is in a process list"
    output = "".join(pipeline.output(task) for task in pipeline.tasks())
    assert output.count("CIRCLE_NODE_TOTAL=40") == 40, "the jobs did not print their environment"


def watch_process_list(stage, pipeline):
    found = set()
    while pipeline.status()["state"] == "running":
        for entry in Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_text(errors="replace")
            except OSError:
                continue
            found |= {line for secret in stage.secrets() if secret in line}
        time.sleep(0.2)
    return found


def test_every_permission_is_used_and_none_is_missing(stage):
    """What the policy for the scaler allows, and what it is seen to call: the same."""
    stage.cloud.moto.record()
    stage.cloud.groups.delays.launch = 2  # so that some that were asked for are still to come
    stage.scale("function", policy={"boot_timeout": "4s"})
    dead = []
    stage.boots = lambda name: dead.append(name) or len(dead) > 1
    pipeline = stage.submit(2)
    stage.end_well(pipeline, launches=3)
    ours = stage.keys["aws_access_key_id"]
    called = {f"autoscaling:{call.action}" for call in stage.cloud.groups.calls
              if call.access_key == ours}
    called |= stage.cloud.moto.recorded(ours)
    assert called == set(NEEDED)


def test_an_end_that_is_throttled(stage, kind):
    stage.scale(kind, policy={"boot_timeout": "3s"})
    dead = []
    stage.boots = lambda name: dead.append(name) or len(dead) > 1
    faults = stage.cloud.groups.faults
    faults.throttle(TERMINATE, times=1000)

    def ours():
        return [call.code for call in stage.cloud.groups.calls_of(TERMINATE)
                if call.access_key == stage.keys["aws_access_key_id"]]
    pipeline = stage.submit(1)
    wait_until(lambda: ours().count("Throttling") >= 2, 90, "an end that is asked for again")
    faults.allow(TERMINATE)
    stage.end_well(pipeline, launches=2)
    assert ours()[-1] is None


def test_boots_that_never_connect(stage, kind):
    """Each is ended by name, the pauses between launches grow, and nothing is left over."""
    stage.boots = lambda name: False
    scaler = stage.scale(kind, policy={"boot_timeout": "2s"})
    pipeline = stage.submit(1)
    wait_until(lambda: stage.group.launched() >= 3, 120, "three launches")
    assert "did not connect within 2s" in scaler.output()
    assert "boots failed in a row" in scaler.output()
    stage.boots = lambda name: True
    assert pipeline.wait(300)["state"] == "success", scaler.output()[-3000:]
    wait_until(lambda: not stage.group.instances and stage.group.desired == 0, 120, "zero")
    assert not stage.bridge.killed
    assert stage.group.launched() <= 6


def test_instances_that_leave_their_place(stage):
    """They shut down as the tutorial's do, and AWS starts others: the log says what to change."""
    stage.cloud.groups.delays.replace = 1
    stage.bridge.release = lambda name: (stage.bridge.released.add(name),
                                         stage.group.vanish(name))
    scaler = stage.scale("daemon")
    pipeline = stage.submit(2)
    assert pipeline.wait(200)["state"] == "success"
    wait_until(lambda: "left its place in the group" in scaler.output(), 60, "the warning")
    assert not stage.bridge.killed


def test_a_queue_that_is_slow_to_read(stage, kind):
    """Instances that end and give up their places meanwhile are not asked for again."""
    stage.scale(kind)
    first = stage.submit(4, "sleep 2")
    first.wait_for_state("running", deadline=120)

    def slowly(path, tell):
        time.sleep(1.5)
        return tell()
    stage.circleci.fault = slowly
    stage.end_well(stage.submit(2), launches=6)


def test_a_shortage(stage, kind):
    stage.group.launches_fail = NO_CAPACITY
    scaler = stage.scale(kind)
    pipeline = stage.submit(2)
    wait_until(lambda: 0 in stage.desired(), 120, "the withdrawal")
    assert "insufficient capacity" in scaler.output().lower() or NO_CAPACITY[:60] in scaler.output()
    assert stage.desired() == [2, 0], "nothing was asked for while it backed off"
    stage.group.launches_fail = None
    stage.end_well(pipeline, launches=2)


def test_a_group_that_may_have_fewer_than_its_class(stage, kind):
    """Tasks take turns; that no more can be launched is no failed boot."""
    stage.group.max = 2
    scaler = stage.scale(kind)
    stage.end_well(stage.submit(5, "sleep 2"), launches=5)
    output = scaler.output()
    assert output.count("the group's own maximum is in the way") == 1 or kind != "daemon"
    assert "at most 2 may be live" in output and "failed in a row" not in output


@pytest.mark.parametrize("answers", [
    faulty.rubbish(), faulty.failing(500), faulty.failing(401), faulty.cut_short],
    ids=["rubbish", "500", "401", "cut short"])
def test_an_api_that_answers_wrongly(stage, kind, answers):
    """Capacity is neither raised nor lowered, and what runs goes on."""
    scaler = stage.scale(kind)
    first = stage.submit(3, "sleep 8")
    first.wait_for_state("running", deadline=120)
    stage.circleci.fault = answers
    second = stage.submit(2)
    asked = len(stage.circleci.calls)
    wait_until(lambda: len(stage.circleci.calls) > asked + 3, 90, "some more questions")
    wait_until(lambda: "the queue is unknown" in scaler.output(), 30, "the reason")
    assert stage.desired() == [3]
    stage.circleci.fault = None
    stage.end_well(second, launches=5)
    assert first.status()["state"] == "success"


def test_an_outage(stage, kind, outage):
    """As long as --outage says: nothing is changed meanwhile, and the work goes on soon after."""
    scaler = stage.scale(kind)
    first = stage.submit(2, f"sleep {outage + 5}")
    first.wait_for_state("running", deadline=120)
    answers = itertools.cycle([faulty.failing(500), faulty.rubbish(), faulty.cut_short])
    stage.circleci.fault = lambda path, tell: next(answers)(path, tell)
    second = stage.submit(2)
    end = time.monotonic() + outage
    while time.monotonic() < end:
        assert stage.desired() == [2], scaler.output()[-3000:]
        time.sleep(0.5)
    stage.circleci.fault = None
    stage.end_well(second, launches=4)
    assert first.status()["state"] == "success"


@pytest.mark.parametrize("headers, pause", [({"Retry-After": "5"}, 5), ({}, 0.4)],
                         ids=["told when", "not told"])
def test_too_many_requests(stage, kind, headers, pause):
    refused = []

    def once(path, tell):
        if refused:
            return tell()
        refused.append(time.monotonic())
        return Told(429, b'{"message":"slow down"}', headers)
    stage.circleci.fault = once
    stage.scale(kind)
    stage.end_well(stage.submit(2), launches=2)
    after = [at for at, path in stage.circleci.calls if at > refused[0] + 0.1]
    assert after[0] - refused[0] >= pause


def test_killed_between_snapshot_and_act(stage, kind):
    """When the group has been read and the queue is. The next one waits for its lease to end."""
    lives = []

    def kill(path, tell):
        if not lives and path.startswith("/api/v3/runner/tasks?"):
            lives.append(path)
            stage.drivers[0].kill()
        return tell()
    stage.circleci.fault = kill
    stage.scale(kind)
    stage.end_well(stage.submit(4), launches=4)
    assert lives


def test_two_at_once(stage):
    first = stage.scale("daemon", name="daemon")
    second = stage.scale("function", name="function")
    wait_until(lambda: "standing by" in first.output() + second.output(), 60, "one standing by")
    stage.end_well(stage.submit(10), launches=10)


def test_tasks_of_unlisted_runners_are_no_failed_boots(stage, kind):
    stage.circleci.fault = list_nobody
    scaler = stage.scale(kind)
    stage.end_well(stage.submit(5, "sleep 4"), launches=5)
    stage.end_well(stage.submit(1, "sleep 4"), launches=6)  # no back-off is in its way
    assert "failed in a row" not in scaler.output()


def list_nobody(path, tell):
    if path.startswith("/api/v3/runner?"):
        return Told(200, b'{"items":[]}', {"content-type": "application/json"})
    return tell()


def test_registration_that_lags(stage, kind):
    """CircleCI lists nobody until long after they have claimed, run and gone, and so long after the
    time in which they should have connected."""
    stage.circleci.fault = list_nobody
    stage.scale(kind, policy={"boot_timeout": "2s"})
    stage.end_well(stage.submit(5, "sleep 12"), launches=5)


def test_credentials_that_expire_in_mid_run(stage):
    """They lie in a file, and others are put there: the run goes on with these."""
    file = stage.world.place / "credentials"

    def write(keys):
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text("[default]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()))
        fresh.rename(file)
    write(stage.keys)
    scaler = stage.scale("daemon", keys={}, AWS_SHARED_CREDENTIALS_FILE=str(file))
    wait_until(lambda: "in charge" in scaler.output(), 60, "the charge")
    stage.cloud.groups.expire(stage.keys)
    pipeline = stage.submit(2)
    wait_until(lambda: "ExpiredToken" in scaler.output(), 60, "the refusal")
    assert "renew the credentials" in scaler.output()
    stage.keys = stage.cloud.assume_role("renewed", STATEMENTS)
    write(stage.keys)
    stage.end_well(pipeline, launches=2)
