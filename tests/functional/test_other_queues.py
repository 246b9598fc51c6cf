"""Queues and machines of other systems: CircleCI's runner API, and programs of the user."""

import json
import time

import pytest

from support.machines import Machines
from support.pipeline import config, job
from support.waiting import wait_until


@pytest.fixture
def machines(world, server, small):
    return Machines(world, server, small)


def scaler_config(world, queue, machines, **policy):
    file = world.place / "scaler.yaml"
    file.write_text(json.dumps({
        **queue, "state_directory": str(world.place / "scaler-state"),
        "resource_classes": {"local/small": {
            "max": 3, **policy, "command": {"program": machines.program()}}}}))
    return file


def circleci(server, **settings):
    """Our server in the place of CircleCI."""
    return {"circleci": {"url": server.url, "token_file": str(server.data / "token"),
                         "poll_interval": "1s", **settings}}


def test_from_zero_and_back_by_circlecis_api_and_a_program(world, server, machines):
    scaler = world.scaler(scaler_config(world, circleci(server), machines))
    pipeline = world.submit(server, config(build=job("sleep 1", parallelism=6)))
    peak = 0

    def done():
        nonlocal peak
        peak = max(peak, len(machines.live()))
        return pipeline.status()["state"] != "running"
    wait_until(done, 120, "the pipeline")
    assert pipeline.status()["state"] == "success", scaler.tail()
    assert 2 <= peak <= 3
    wait_until(lambda: not machines.live(), 60, "no machines")
    assert len({task["runner"] for task in pipeline.tasks()}) == 6
    assert machines.launched() <= 6 + 3  # one per task, but for those that the queue's lag costs


def test_a_token_from_a_variable_stays_out_of_the_programs_reach(world, server, machines):
    file = scaler_config(world, circleci(server), machines)
    settings = json.loads(file.read_text())
    del settings["circleci"]["token_file"]
    settings["circleci"]["token_variable"] = "MY_CIRCLE_TOKEN"
    spy = world.place / "spy"
    spy.write_text(f'#!/bin/sh\nenv > "{world.place}/seen"\n'
                   f'echo \'{{"instances":[],"ids":[]}}\'\n')
    spy.chmod(0o755)
    settings["resource_classes"]["local/small"]["command"]["program"] = [str(spy)]
    file.write_text(json.dumps(settings))
    result = world.run("scale", "--config", file, "--once",
                       environment={"MY_CIRCLE_TOKEN": server.token})
    assert result.returncode == 0, result.stderr
    assert server.token not in (world.place / "seen").read_text()
    assert "PATH=" in (world.place / "seen").read_text()


@pytest.mark.parametrize("hanging", ["list", "launch", "queue"])
def test_a_program_that_hangs_does_not_keep_the_scaler_from_ending(
        world, server, small, machines, hanging):
    program = world.place / "hangs"
    program.write_text(f"""#!/bin/sh
case $1 in
  list | launch) asked=$1 ;;
  *) asked=queue ;;
esac
if [ $asked = {hanging} ]; then touch "{world.place}/hanging"; exec sleep 600; fi
case $asked in
  list) echo '{{"instances": []}}' ;;
  launch) echo '{{"ids": []}}' ;;
  queue) echo '{{"unclaimed": 1, "running": 0}}' ;;
esac
""")
    program.chmod(0o755)
    patient = {"program": [str(program)], "timeout": "5m"}
    file = world.place / "scaler.yaml"
    file.write_text(json.dumps({
        "command": patient, "state_directory": str(world.place / "scaler-state"),
        "resource_classes": {"local/small": {"max": 3, "command": patient}}}))
    scaler = world.scaler(file)
    wait_until((world.place / "hanging").exists, 60, "the program that hangs")
    begun = time.monotonic()
    assert scaler.stop() == 0, scaler.tail()
    assert time.monotonic() - begun < 10
    assert "stopped; instances are left running" in scaler.output()


def test_a_variable_that_is_not_set_is_told_at_once(world, server, machines):
    file = scaler_config(world, circleci(server), machines)
    settings = json.loads(file.read_text())
    del settings["circleci"]["token_file"]
    settings["circleci"]["token_variable"] = "MY_CIRCLE_TOKEN"
    file.write_text(json.dumps(settings))
    result = world.run("scale", "--config", file)
    assert result.returncode == 2
    assert "circleci.token_variable: MY_CIRCLE_TOKEN is not set in the environment" in result.stderr
    assert "scaler.yaml:1:" in result.stderr


def test_a_refused_token_is_told_with_its_cure(world, server, machines):
    file = scaler_config(world, circleci(server), machines)
    (world.place / "wrong").touch(mode=0o600)
    (world.place / "wrong").write_text("mup_wrong\n")
    settings = json.loads(file.read_text())
    settings["circleci"]["token_file"] = str(world.place / "wrong")
    file.write_text(json.dumps(settings))
    result = world.run("plan", "--config", file)
    assert result.returncode == 3
    assert "401" in result.stdout and "use a valid personal token" in result.stdout
    assert "mup_wrong" not in result.stdout + result.stderr


def test_a_program_speaks_for_the_queue(world, server, machines):
    numbers = world.place / "numbers"
    numbers.write_text(json.dumps({"unclaimed": 0, "running": 0}))
    queue = {"command": {"program": ["/bin/sh", "-c", f'cat "{numbers}"', "queue"],
                         "poll_interval": "1s"}}
    file = scaler_config(world, queue, machines)
    assert world.run("scale", "--config", file, "--once").returncode == 0
    assert machines.launched() == 0
    numbers.write_text(json.dumps({"unclaimed": 2, "running": 0}))
    assert world.run("scale", "--config", file, "--once").returncode == 0
    assert machines.launched() == 2
    assert world.run("scale", "--config", file, "--once").returncode == 0
    assert machines.launched() == 2, "those that boot will serve"
    numbers.write_text("rubbish")
    held = world.run("scale", "--config", file, "--once")
    assert held.returncode == 3 and "is no queue" in held.stderr


def test_a_machine_that_is_not_listed_yet_is_not_launched_by_each_pass(world, server, machines):
    asked = world.place / "asked"
    slow = world.place / "slow"
    slow.write_text(f'#!/bin/sh\necho "$*" >> "{asked}"\n'
                    'case $1 in list) echo \'{"instances":[]}\' ;; '
                    'launch) echo \'{"ids":["vm-1"]}\' ;; esac\n')
    slow.chmod(0o755)
    file = scaler_config(world, circleci(server), machines)
    settings = json.loads(file.read_text())
    settings["resource_classes"]["local/small"]["command"]["program"] = [str(slow)]
    file.write_text(json.dumps(settings))
    world.submit(server, config(build=job("true")))
    for _ in range(4):
        done = world.run("scale", "--config", file, "--once")
        assert done.returncode == 0, done.stderr
    words = asked.read_text().splitlines()
    assert words.count("launch local/small 1") == 1 and words.count("list local/small") == 4
    assert len(words) == 5


def test_a_machine_that_never_connects_is_ended_and_another_started(world, server, machines):
    boots = world.place / "boots"
    script = machines.boot.read_text().splitlines()
    machines.boot.write_text("\n".join([
        script[0], f'if mkdir "{boots}" 2>/dev/null; then exec sleep 1000; fi', *script[1:], ""]))
    scaler = world.scaler(scaler_config(world, circleci(server), machines, boot_timeout="2s"))
    pipeline = world.submit(server, config(build=job("true")))
    assert pipeline.wait()["state"] == "success"
    wait_until(lambda: not machines.live(), 60, "no machines")
    assert "did not connect within 2s: end it" in scaler.output()
    assert machines.launched() == 2


def test_plan_asks_the_program_for_a_list_only(world, server, machines):
    world.submit(server, config(build=job("true", parallelism=2)))
    file = scaler_config(world, circleci(server), machines)
    result = world.run("plan", "--config", file)
    assert result.returncode == 0, result.stderr
    assert "launch 2" in result.stdout
    assert machines.launched() == 0


def test_a_broken_program_holds_its_class(world, server, machines):
    world.submit(server, config(build=job("true")))
    file = scaler_config(world, circleci(server), machines)
    settings = json.loads(file.read_text())
    broken = settings["resource_classes"]["local/small"]["command"]
    program, broken["program"] = broken["program"], ["/bin/sh", "-c", "echo no credit >&2; exit 1"]
    file.write_text(json.dumps(settings))
    held = world.run("scale", "--config", file, "--once")
    assert held.returncode == 3
    assert "the instances cannot be listed" in held.stderr and "no credit" in held.stderr
    plan = world.run("plan", "--config", file)
    assert plan.returncode == 3
    assert "why     the instances cannot be listed" in plan.stdout and "no credit" in plan.stdout
    broken["program"] = program
    file.write_text(json.dumps(settings))
    assert world.run("scale", "--config", file, "--once").returncode == 0
    assert machines.launched() == 1
    wait_until(lambda: not machines.live(), 60, "no machines")
