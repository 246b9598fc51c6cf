"""The scaler over Auto Scaling groups that behave as AWS's do: slow, short of capacity, throttling.

Our server is in the place of CircleCI, tests/support/strict in that of AWS, and each instance in
service is a real runner.
"""

import json
import time

import pytest

from support.bridge import Bridge
from support.pipeline import config, job
from support.scaler import NEEDED, Scaler
from support.strict import StrictAws
from support.strict.group import NO_CAPACITY
from support.strict.server import anything
from support.waiting import wait_until

TERMINATE = "TerminateInstanceInAutoScalingGroup"


@pytest.fixture
def aws():
    server = StrictAws(launch_delay=0.3, boot_delay=0.5, replace_delay=1, terminate_delay=0.5)
    yield server
    server.close()


def bridge_to(bridges, world, server, token, aws, group="runners", **options):
    bridge = Bridge(world, server, token, aws.client("autoscaling"), group, **options)
    bridges(bridge)
    return bridge


def wait_for_zero(group):
    wait_until(lambda: not group.instances and group.desired == 0, 120,
               "no instances, and none desired")


@pytest.mark.timeout(600)
def test_forty_tasks_forty_launches(world, server, small, aws, bridges):
    group = aws.create_group("runners", maximum=40)
    bridge = bridge_to(bridges, world, server, small, aws)
    program = Scaler(world, server, aws, max=40, boot_timeout="5m").start()
    pipeline = world.submit(server, config(build=job("true", parallelism=40)))
    assert pipeline.wait(500)["state"] == "success", program.tail()
    wait_for_zero(group)
    tasks = pipeline.tasks()
    assert len({task["runner"] for task in tasks}) == 40
    assert {task["state"] for task in tasks} == {"success"}
    assert {task["attempt"] for task in tasks} == {1}
    assert group.launched() == 40, "one was launched for nothing, or replaced"
    assert not bridge.killed, "a busy one was ended"


@pytest.mark.timeout(600)
def test_a_group_that_is_shown_late(world, server, small, aws, bridges):
    """What it shows is seconds old, also right before a write."""
    aws.delays.show = 3
    group = aws.create_group("runners", maximum=40)
    bridge = bridge_to(bridges, world, server, small, aws)
    program = Scaler(world, server, aws, max=40, boot_timeout="5m").start()
    pipelines = []
    for wave in (10, 6, 3):
        pipelines.append(world.submit(server, config(build=job("sleep 1", parallelism=wave))))
        wait_until(lambda: any(task["state"] != "queued" for task in pipelines[-1].tasks()), 300,
                   f"a wave of {wave} to start")
    for pipeline in pipelines:
        assert pipeline.wait(500)["state"] == "success", program.tail()
        assert {task["attempt"] for task in pipeline.tasks()} == {1}
    wait_for_zero(group)
    assert not bridge.killed, "a busy one was ended"
    assert 10 <= group.launched() <= 19, "more were launched than there were tasks"
    assert "withdrew" not in program.output(), "instances that work look as if they had not come"
    assert program.output().count("launched ") <= 6, "what is not shown yet is not launched again"


@pytest.mark.timeout(600)
def test_tasks_that_come_while_instances_end(world, server, small, aws, bridges):
    aws.delays.launch = aws.delays.boot = 0.1
    group = aws.create_group("runners", maximum=40)
    bridge = bridge_to(bridges, world, server, small, aws)
    program = Scaler(world, server, aws, max=40, boot_timeout="5m").start()
    pipelines = []
    for _ in range(8):
        pipelines.append(world.submit(server, config(build=job("sleep 1", parallelism=4))))
        time.sleep(0.7)  # about what a task takes: some are always just ending
    for pipeline in pipelines:
        assert pipeline.wait(400)["state"] == "success", program.tail()
    wait_for_zero(group)
    assert {task["attempt"] for p in pipelines for task in p.tasks()} == {1}
    assert not bridge.killed, "a busy one was ended"
    # An instance may end between the look at the group and the capacity that is then written, and
    # AWS cannot be told to mind: one more comes, serves the next task, or ends idle.
    assert 32 <= group.launched() <= 36


@pytest.mark.timeout(400)
@pytest.mark.parametrize("clock_offset", [0, -240, 240])
def test_a_shortage_is_told_waited_for_and_overcome(
        world, server, small, aws, bridges, clock_offset):
    aws.clock_offset = clock_offset
    group = aws.create_group("runners", maximum=10)
    bridge_to(bridges, world, server, small, aws)
    group.launches_fail = NO_CAPACITY
    program = Scaler(world, server, aws).start()
    pipeline = world.submit(server, config(build=job("true", parallelism=2)))
    wait_until(lambda: NO_CAPACITY[:120] in program.output(), 60, "AWS's reason")
    wait_until(lambda: "withdrew what has not come" in program.output(), 120, "the withdrawal")
    wait_until(lambda: group.desired == 0, 30, "nothing desired")
    wait_until(lambda: "3 boots failed in a row, and the next may start at" in program.output(),
               30, "the back-off")
    assert program.output().count("a launch has failed") == 3
    desired = [call.parameters["DesiredCapacity"] for call in aws.calls_of("SetDesiredCapacity")]
    assert desired == [2, 0], "nothing was asked for while it backed off"
    group.launches_fail = None
    assert pipeline.wait(200)["state"] == "success", program.tail()
    wait_for_zero(group)
    assert group.launched() == 2


@pytest.mark.timeout(400)
def test_passes_of_their_own_count_what_ended_in_between(world, server, small, aws):
    group = aws.create_group("runners", maximum=10)
    world.submit(server, config(build=job("true")))
    scaler = Scaler(world, server, aws, boot_timeout="5m")
    told = ""

    def one_pass():
        nonlocal told
        done = scaler.once()
        assert done.returncode == 0, done.stderr
        told += done.stderr

    def counted():
        one_pass()
        if group.desired:
            wait_until(lambda: any(i.state == "InService" for i in group.instances), 30, "a start")
            one_pass()
        for instance in group.instances:
            aws.client("autoscaling").terminate_instance_in_auto_scaling_group(
                InstanceId=instance.id, ShouldDecrementDesiredCapacity=True)
        wait_until(lambda: not group.instances, 30, "its end")
        return "2 boots failed in a row, and the next may start at" in told
    try:
        wait_until(counted, 120, "the second failed boot")
    finally:
        print(told)
    assert "1 boot failed in a row, and the next may start at" in told
    assert group.launched() == 2


def test_a_shortage_counts_once_in_however_many_passes(world, server, small, aws):
    group = aws.create_group("runners", maximum=10)
    aws.delays.retry = 600
    group.launches_fail = NO_CAPACITY
    world.submit(server, config(build=job("true")))
    scaler = Scaler(world, server, aws, boot_timeout="5m")
    assert scaler.once().returncode == 0
    wait_until(lambda: group.activities, 30, "the failure")
    told = "".join(scaler.once().stderr for _ in range(4))
    assert told.count("a launch has failed") == 1, told
    assert group.desired == 1, "it is not withdrawn after one failure"


@pytest.mark.timeout(400)
def test_an_end_that_is_throttled_comes_in_the_end(world, server, small, aws, bridges):
    group = aws.create_group("runners", maximum=10)
    boots = iter([False])
    bridge_to(bridges, world, server, small, aws, boots=lambda name: next(boots, True))
    aws.faults.throttle(TERMINATE, times=1000)
    scaler = Scaler(world, server, aws, boot_timeout="3s")
    program = scaler.start()

    def ours():
        return [call.code for call in aws.calls_of(TERMINATE)
                if call.access_key == scaler.keys["aws_access_key_id"]]
    pipeline = world.submit(server, config(build=job("true")))
    wait_until(lambda: "Throttling" in ours(), 90, "an end that is refused")
    aws.faults.allow(TERMINATE)
    assert pipeline.wait(240)["state"] == "success", program.tail()
    wait_for_zero(group)
    assert ours()[-1] is None
    assert "Throttling: Rate exceeded" in program.output()
    assert group.launched() == 2


@pytest.mark.timeout(400)
def test_throttled_all_the_time_it_still_does_its_work(world, server, small, aws, bridges):
    group = aws.create_group("runners", maximum=10)
    bridge = bridge_to(bridges, world, server, small, aws)
    aws.faults.throttle("DescribeAutoScalingGroups", rate=4)
    aws.faults.throttle("SetDesiredCapacity", times=4)
    program = Scaler(world, server, aws).start()
    pipeline = world.submit(server, config(build=job("true", parallelism=12)))
    assert pipeline.wait(240)["state"] == "success", program.tail()
    wait_for_zero(group)
    assert {task["attempt"] for task in pipeline.tasks()} == {1} and not bridge.killed
    assert sum(call.code == "Throttling" for call in aws.calls_of("SetDesiredCapacity")) == 4
    assert "Throttling" in program.output()


def test_groups_on_several_pages(world, server, aws, bridges):
    aws.page_size = 2
    classes = {f"local/c{number}": f"group-{number}" for number in range(5)}
    for name in ["another", *classes.values()]:
        aws.create_group(name, maximum=2)
    for name, group in classes.items():
        server.create_class(name)
    scaler = Scaler(world, server, aws, groups=classes)
    world.submit(server, config(**{
        f"j{number}": job("true", resource_class=name) for number, name in enumerate(classes)}))
    done = scaler.once()
    assert done.returncode == 0, done.stderr
    assert {name: aws.group(name).desired for name in aws.groups} == {
        "another": 0, **dict.fromkeys(classes.values(), 1)}
    tokens = [call.parameters.get("NextToken") for call in aws.calls_of(
        "DescribeAutoScalingGroups")]
    assert tokens[0] is None and all(tokens[1:3])
    assert tokens[3:] == [None] * len(classes), "a look at the one group before each write"


def test_a_silent_region_leaves_the_others_their_passes(world, server, small, aws):
    """The silent one is asked for first: its class comes before the other's by name."""
    group = aws.create_group("runners", maximum=10)
    aws.silent_regions.add("us-east-1")
    server.create_class("local/far")
    scaler = Scaler(world, server, aws, boot_timeout="5m",
                    groups={"local/far": "far", "local/small": "runners"})
    settings = json.loads(scaler.file.read_text())
    settings["resource_classes"]["local/far"]["auto_scaling_group"]["region"] = "us-east-1"
    scaler.file.write_text(json.dumps(settings))
    world.submit(server, config(build=job("true")))
    begun = time.monotonic()
    program = scaler.start()
    wait_until(lambda: group.desired == 1, 60, "the launch")
    assert time.monotonic() - begun < 15, program.tail()
    wait_until(lambda: "AWS in us-east-1 did not answer within 5s" in program.output(),
               30, "the reason")
    begun = time.monotonic()
    assert program.stop() == 0
    assert time.monotonic() - begun < 10, "a stop waited for the silent region"


@pytest.mark.parametrize("seconds", [600, -600])
def test_the_clock_of_aws_is_followed(world, server, small, aws, seconds):
    group = aws.create_group("runners", maximum=10)
    aws.clock_offset = seconds
    world.submit(server, config(build=job("true")))
    done = Scaler(world, server, aws).once()
    assert done.returncode == 0, done.stderr
    assert group.desired == 1
    codes = [call.code for call in aws.calls]
    assert codes.count("SignatureDoesNotMatch") == 1


@pytest.mark.parametrize("fault", ["cut", "fail"])
def test_a_lost_answer_is_no_second_launch(world, server, small, aws, bridges, fault):
    group = aws.create_group("runners", maximum=10)
    bridge_to(bridges, world, server, small, aws)
    if fault == "cut":
        aws.faults.cut("SetDesiredCapacity", times=1)
    else:
        aws.faults.fail("SetDesiredCapacity", times=1, done=True)
    program = Scaler(world, server, aws).start()
    pipeline = world.submit(server, config(build=job("true", parallelism=3)))
    assert pipeline.wait(200)["state"] == "success", program.tail()
    wait_for_zero(group)
    assert group.launched() == 3


@pytest.mark.timeout(400)
def test_requests_that_never_come_are_withdrawn_together(world, server, small, aws, bridges):
    """AWS neither launches nor says that it failed, as with a Spot request that stays open."""
    group = aws.create_group("runners", maximum=10)
    bridge_to(bridges, world, server, small, aws)
    group.suspended["Launch"] = "by a test"
    program = Scaler(world, server, aws, boot_timeout="3s").start()
    pipeline = world.submit(server, config(build=job("true", parallelism=5)))
    wait_until(lambda: group.desired == 5, 60, "five being asked for")
    wait_until(lambda: group.desired == 0, 60, "nothing being asked for")
    assert "5 boots failed in a row" in program.output()
    del group.suspended["Launch"]
    assert pipeline.wait(240)["state"] == "success", program.tail()
    wait_for_zero(group)
    assert group.launched() == 5
    desired = [call.parameters["DesiredCapacity"] for call in aws.calls_of("SetDesiredCapacity")]
    assert desired[:3] == [5, 0, 1], "one is tried before there are more"


@pytest.mark.timeout(400)
def test_many_dead_machines_at_once_are_left_alone_and_do_not_become_more_and_more(
        world, server, small, aws, bridges):
    group = aws.create_group("runners", maximum=20)
    bridge = bridge_to(bridges, world, server, small, aws, boots=lambda name: False)
    program = Scaler(world, server, aws, max=20, boot_timeout="3s").start()
    pipeline = world.submit(server, config(build=job("true", parallelism=4)))
    wait_until(lambda: "4 of 4 instances look dead at once: end none" in program.output(), 60,
               "the alarm")
    wait_until(lambda: "so one is tried before there are more" in program.output(), 120, "the try")
    wait_until(lambda: group.launched() == 5, 60, "one more")
    bridge.boots = lambda name: True
    assert pipeline.wait(300)["state"] == "success", program.tail()
    assert not bridge.killed, "a busy one was ended"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("queue", ["circleci", "server"])
def test_an_instance_with_another_class_s_token_keeps_its_task(
        world, server, small, aws, bridges, queue):
    """It was launched for local/small, and registers under a class that nobody scales."""
    group = aws.create_group("runners", maximum=1)
    other = server.create_class("local/other")
    bridge = bridge_to(bridges, world, server, other, aws)
    program = Scaler(world, server, aws, queue=queue, max=1, boot_timeout="3s").start()
    world.submit(server, config(build=job("true")))
    theirs = world.submit(server, config(build=job("sleep 20", resource_class="local/other")))
    assert theirs.wait(200)["state"] == "success", program.tail()
    assert "an instance's runner has registered under another class" in program.output()
    wait_until(lambda: bridge.released, 60, "the instance to go by itself")
    assert not bridge.killed, "it was ended in mid-job"


@pytest.mark.timeout(400)
def test_instances_that_stay_pending_are_given_up(world, server, small, aws, bridges):
    group = aws.create_group("runners", maximum=10)
    group.pending_for_ever = True
    bridge_to(bridges, world, server, small, aws)
    program = Scaler(world, server, aws, boot_timeout="2s").start()
    pipeline = world.submit(server, config(build=job("true")))
    wait_until(lambda: "did not connect within 2s: end it" in program.output(), 60, "the end")
    wait_for_zero(group)
    group.pending_for_ever = False
    assert pipeline.wait(240)["state"] == "success", program.tail()
    wait_for_zero(group)
    assert group.launched() == 1


def test_credentials_that_have_expired_are_told(world, server, small, aws):
    group = aws.create_group("runners", maximum=10)
    keys = aws.assume_role("scaler", anything(NEEDED))
    scaler = Scaler(world, server, aws)
    scaler.environment.update({name.upper(): value for name, value in keys.items()})
    world.submit(server, config(build=job("true")))
    aws.expire(keys)
    done = scaler.once()
    assert done.returncode == 3
    assert "ExpiredToken" in done.stderr and "renew the credentials" in done.stderr
    assert keys["aws_session_token"] not in done.stderr
    assert keys["aws_secret_access_key"] not in done.stderr
    assert group.desired == 0
    aws.key(keys).expired = False
    done = scaler.once()
    assert done.returncode == 0, done.stderr
    assert group.desired == 1
