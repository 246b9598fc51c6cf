"""The fleet follows the queue up and back to zero, and a scaler's crash breaks nothing."""

import json
import os
import signal
import socket
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from support.pipeline import config, job
from support.waiting import wait_until


@pytest.fixture
def configured(world, server, small):
    """A scaler's configuration: at most three of local/small."""
    return world.scaler_config(server, {"local/small": (small, {"max": 3})})


def agents(world):
    """The process ids of the instances that scalers have started and that live."""
    found = set()
    for record in world.place.glob("**/instances/*/instance.json"):
        try:
            if process := json.loads(record.read_text())["process"]:
                os.kill(process["pid"], 0)
                found.add(process["pid"])
        except (OSError, ValueError):  # gone while we looked
            continue
    return found


@pytest.mark.threads
def test_from_zero_up_to_the_maximum_and_back(world, server, small, configured):
    world.scaler(configured)
    assert agents(world) == set()
    pipeline = world.submit(server, config(build=job("sleep 2", parallelism=6)))
    peak = 0

    def done():
        nonlocal peak
        peak = max(peak, len(agents(world)))
        return pipeline.status()["state"] != "running"
    wait_until(done, 120, "the pipeline")
    assert pipeline.status()["state"] == "success"
    assert 2 <= peak <= 3
    wait_until(lambda: not agents(world), 60, "a fleet of zero")
    assert len({task["runner"] for task in pipeline.tasks()}) == 6  # one task an instance


def test_its_fleet_is_told_to_the_server(world, server, small, configured):
    world.scaler(configured)

    def reported():
        (status,) = server.api.get("/api/muster/v1/fleet").expect(200).json()["classes"]
        return status.get("fleet")
    fleet = wait_until(reported, 60, "a report of the fleet")
    assert (fleet["resource_class"], fleet["max"], fleet["live"]) == ("local/small", 3, 0)
    assert fleet["reasons"]


def test_a_minimum_is_kept(world, server, small):
    file = world.scaler_config(server, {"local/small": (small, {"min": 1, "max": 2})})
    world.scaler(file)
    wait_until(lambda: len(agents(world)) == 1, 60, "one instance")
    (first,) = agents(world)
    pipeline = world.submit(server, config(build=job("true")))
    assert pipeline.wait()["state"] == "success"
    wait_until(lambda: agents(world) and first not in agents(world), 60, "its successor")


def test_a_warm_instance_stays_and_what_is_too_much_goes(world, server, small):
    """It outlives its class's time-out many times over, as only the scaler's own delay ends it."""
    file = world.scaler_config(server, {"local/small": (small, {
        "warm": 1, "max": 3, "scale_in_delay": "1s", "local": {"idle_timeout": "1h",
                                                               "mode": "continuous"}})})
    scaler = world.scaler(file)
    wait_until(lambda: len(agents(world)) == 1, 60, "a warm instance")
    (first,) = agents(world)
    pipeline = world.submit(server, config(build=job("sleep 3", parallelism=2)))
    wait_until(lambda: len(agents(world)) == 3, 60, "two that are busy and one that is warm")
    assert pipeline.wait()["state"] == "success"
    wait_until(lambda: len(agents(world)) == 1, 60, "one instance again")
    wait_until(lambda: "not needed for 1s: drain" in scaler.output(), 60, "the reason in its log")
    assert first in agents(world), "the newest go first"
    assert scaler.output().count("launched ") <= 3


def test_who_has_run_its_tasks_gives_way_to_a_fresh_one(world, server, small):
    world.scaler(world.scaler_config(server, {"local/small": (small, {"max": 1, "local": {
        "mode": "continuous", "idle_timeout": "1h", "recycle_after_tasks": 2}})}))
    pipeline = world.submit(server, config(build=job(
        "env | grep MUSTER_RECYCLE || echo clean", parallelism=5)))
    assert pipeline.wait()["state"] == "success"
    runners = [task["runner"] for task in pipeline.tasks()]
    assert sorted(map(runners.count, set(runners))) == [1, 2, 2], runners
    assert {pipeline.output(task) for task in pipeline.tasks()} == {"clean\n"}


def test_who_has_had_a_task_and_finds_no_other_ends(world, server, small):
    world.scaler(world.scaler_config(server, {"local/small": (small, {"max": 1, "local": {
        "mode": "continuous", "idle_timeout": "1h", "idle_after_task": "0s"}})}))
    pipeline = world.submit(server, config(build=job(
        "env | grep MUSTER_IDLE || echo clean", parallelism=3)))
    assert pipeline.wait()["state"] == "success"
    assert len({task["runner"] for task in pipeline.tasks()}) == 1
    assert {pipeline.output(task) for task in pipeline.tasks()} == {"clean\n"}
    wait_until(lambda: not agents(world), 60, "it to end")


def test_a_schedule_counts_while_it_is_in_force(world, server, small):
    there = datetime.now(ZoneInfo("Asia/Kathmandu"))

    def schedule(name, start, end, **changes):
        times = {key: f"{(there + timedelta(hours=at)):%M %H} * * *"
                 for key, at in (("start", start), ("end", end))}
        return {"name": name, "time_zone": "Asia/Kathmandu", **times, **changes}
    file = world.scaler_config(server, {"local/small": (small, {"max": 3, "schedules": [
        schedule("later", 2, 3, min=3), schedule("now", -1, 1, min=2),
        schedule("also now", -1, 1, min=1)]})})
    planned = world.run("plan", "--config", file)
    assert planned.returncode == 0, planned.stderr
    assert "at least 2 must be there (the schedule now is in force) and 0 are: launch 2" in planned.stdout
    world.scaler(file)
    wait_until(lambda: len(agents(world)) == 2, 60, "two instances")


@pytest.mark.threads
def test_term_of_the_scaler_leaves_busy_instances(world, server, small, configured):
    scaler = world.scaler(configured)
    pipeline = world.submit(server, config(build=job("echo begun; sleep 4; echo ended")))
    pipeline.wait_for_output("begun")
    assert scaler.stop() == 0
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output() == "begun\nended\n"


def test_after_a_crash_the_next_scaler_adopts(world, server, small, configured):
    scaler = world.scaler(configured)
    pipeline = world.submit(server, config(build=job("echo begun; sleep 6; echo ended")))
    pipeline.wait_for_output("begun")
    before = agents(world)
    scaler.kill()
    second = world.scaler(configured)
    assert pipeline.wait()["state"] == "success"
    assert pipeline.task()["attempt"] == 1
    assert len(before) == 1
    wait_until(lambda: not agents(world), 60, "a fleet of zero")
    more = world.submit(server, config(build=job("true", parallelism=3)))
    assert more.wait()["state"] == "success"
    assert second.running


def test_all_files_of_an_instance_go_with_it(world, server, small, configured):
    world.scaler(configured)
    pipeline = world.submit(server, config(build=job("echo begun; sleep 600")))
    pipeline.wait_for_output("begun")
    instances = world.place / "scaler-state/instances"
    identifier = pipeline.task()["id"]
    (own,) = instances.glob(f"*/state/tasks/{identifier}")
    instance = own.parents[2]
    pipeline.cancel()
    (guardian,) = agents(world)
    os.kill(guardian, signal.SIGKILL)
    wait_until(lambda: not instance.exists(), 60, "the end of the instance's directory")


def test_a_token_of_another_class_starts_no_work(world, server, small):
    large = server.create_class("local/large")
    pipeline = world.submit(server, config(build=job("true", resource_class="local/large")))
    world.submit(server, config(build=job("true")))
    scaler = world.scaler(world.scaler_config(server, {"local/small": (large, {"max": 1})}))
    wait_until(lambda: "started for local/small" in scaler.output(), 60, "the refusal in its log")
    assert pipeline.task()["state"] == "queued"


def test_two_scalers_on_one_state_directory(world, configured):
    first = world.scaler(configured)
    wait_until(lambda: "scaling" in first.output(), 60, "the first to have begun")
    result = world.run("scale", "--config", configured, deadline=60)
    assert result.returncode != 0 and "scaler-state" in result.stderr
    assert first.running


@pytest.mark.threads
def test_it_outlives_its_server(world, server, small, configured):
    scaler = world.scaler(configured)
    server.stop()
    wait_until(lambda: "warn" in scaler.output().lower(), 60, "the scaler to notice")
    server.start()
    assert world.submit(server, config(build=job("true"))).wait()["state"] == "success"
    assert scaler.running


def test_its_log_tells_what_comes_and_goes(world, server, small, configured):
    scaler = world.scaler(configured)
    world.submit(server, config(build=job("true"))).wait()

    def told(sentence):
        return [line for line in scaler.output().splitlines() if sentence in line]
    wait_until(lambda: told("an instance has ended"), 60, "its end in the log")
    (launched,), (ended,) = told("launched 1 instance"), told("an instance has ended")
    instance = next(word for word in launched.split() if word.startswith("instance="))
    assert "resource_class=local/small" in launched and "1 wait" in launched
    assert "resource_class=local/small" in ended and "exit code 0" in ended
    assert instance in ended.split()

    server.stop()
    wait_until(lambda: told("hold"), 60, "the scaler to hold")
    server.start()
    wait_until(lambda: told("can be read again"), 60, "the queue to be back")
    (again,) = told("can be read again")
    assert "resource_class=local/small" in again and "after=" in again


@pytest.mark.threads
def test_hup_reads_the_configuration_again(world, server, small, configured):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(world.place / "notify"))
        supervisor.settimeout(60)
        scaler = world.start("scaler", "scale", "--config", configured,
                             environment={"NOTIFY_SOCKET": str(world.place / "notify")})
        assert supervisor.recv(100) == b"READY=1"
        pipeline = world.submit(server, config(build=job("sleep 600", parallelism=9)))
        wait_until(lambda: len(agents(world)) == 3, 60, "three instances")

        sound = configured.read_text()
        configured.write_text(sound.replace('"max": 3', '"max": -3'))
        scaler.signal(signal.SIGHUP)
        wait_until(lambda: "the one before stays in force" in scaler.output(), 60, "the complaint")
        assert "scaler.yaml:1:" in scaler.output()

        configured.write_text(sound.replace('"max": 3', '"max": 5'))
        scaler.signal(signal.SIGHUP)
        wait_until(lambda: len(agents(world)) == 5, 60, "five instances")
        state, = {line for line in sound.split('"') if line.endswith("scaler-state")}
        configured.write_text(sound.replace(state, "/proc/nope").replace('"max": 3', '"max": 9'))
        scaler.signal(signal.SIGHUP)
        wait_until(lambda: "cannot be used; the one before" in scaler.output(), 60, "the complaint")
        reloading, ready = b"RELOADING=1\nSTATUS=", b"READY=1"
        failed = b"STATUS=the configuration could not be read again; the one before stays in force"
        told = [supervisor.recv(200) for _ in range(8)]
        assert told == [reloading, failed, ready, reloading, ready, reloading, failed, ready]
        assert len(agents(world)) == 5
        assert scaler.output().count("reading the configuration again") == 3
        assert "stopped" not in scaler.output()
        scaler.signal(signal.SIGTERM)
        assert supervisor.recv(100) == b"STOPPING=1"
        assert scaler.wait(60) == 0
    assert pipeline.cancel().status == 202


def test_plan_changes_nothing(world, server, small, configured):
    world.submit(server, config(build=job("true", parallelism=5)))
    result = world.run("plan", "--config", configured, "--json")
    assert result.returncode == 0, result.stderr
    shown = json.dumps(json.loads(result.stdout))
    assert "local/small" in shown
    told = world.run("plan", "--config", configured)
    assert told.returncode == 0 and "local/small" in told.stdout
    assert agents(world) == set()
    assert not (world.place / "scaler-state").exists()
    assert server.unclaimed() == 5


def test_once_makes_one_pass(world, server, small, configured):
    pipeline = world.submit(server, config(build=job("true", parallelism=2)))
    result = world.run("scale", "--config", configured, "--once")
    assert result.returncode == 0, result.stderr
    assert pipeline.wait()["state"] == "success"
    wait_until(lambda: not agents(world), 60, "the instances to end")


@pytest.mark.parametrize("change, words", [
    ({"resource_classes": {}}, ["resource_classes"]),
    ({"sevrer": {}}, ["sevrer", "server"]),
    ({"resource_classes": {"local/small": {"max": -1}}}, ["max"]),
])
def test_a_wrong_configuration_is_explained(world, configured, change, words):
    configured.write_text(json.dumps({**json.loads(configured.read_text()), **change}))
    for command in ("scale", "plan"):
        result = world.run(command, "--config", configured)
        assert result.returncode == 2
        for word in words:
            assert word in result.stderr


@pytest.mark.parametrize("command", ["scale", "plan", "doctor", "agent"])
def test_a_configuration_that_is_a_directory(world, command):
    result = world.run(command, "--config", world.place)
    assert result.returncode == 2
    assert f"{world.place} is a directory: name a file in it" in result.stderr


def test_every_problem_has_a_line_with_its_place(world):
    file = world.place / "muster.yaml"
    file.write_text("server: {url: here there, token_file: t}\nresource_classes:\n  a/b: {max: x}\n")
    result = world.run("scale", "--config", "muster.yaml")
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert lines[0].startswith("muster.yaml:1:1: 'state_directory' is missing")
    assert lines[1].startswith("muster.yaml:1:10: server.url: ")
    assert len(lines) == 4
    assert all(line.startswith("muster.yaml:3:") for line in lines[2:])

    file.write_text("runner: {nam: x}\napi: {auth_token: t, url: 'ftp://x'}\n")
    file.chmod(0o600)
    result = world.run("agent", "--config", "muster.yaml")
    assert result.returncode == 2
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [
        "muster.yaml:1:10", "muster.yaml:2:22"]


def test_a_token_file_must_be_there_at_start(world, configured):
    token = world.place / "local-small.token"
    token.unlink()
    for command in ("scale", "plan"):
        result = world.run(command, "--config", configured)
        assert result.returncode == 2
        assert "resource_classes.local/small.local.token_file: there is no" in result.stderr
        assert f"muster token create local/small --output {token}" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="others are only warned")
def test_root_has_no_token_that_others_can_read(world, configured):
    (world.place / "local-small.token").chmod(0o640)
    result = world.run("scale", "--config", configured, "--once")
    assert result.returncode == 2
    assert f"run 'chmod 600 {world.place / 'local-small.token'}'" in result.stderr


def test_runners_that_never_connect_are_not_started_for_ever(world, server, small):
    file = world.scaler_config(server, {"local/small": ("muc_wrong", {"max": 2})})
    scaler = world.scaler(file)
    world.submit(server, config(build=job("true", parallelism=2)))
    wait_until(lambda: "failed in a row" in scaler.output(), 60,
               "back-off after failed boots")
    assert scaler.running
