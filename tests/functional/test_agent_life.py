"""When an agent ends, and how; and what its configuration may say."""

import json
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from support.pipeline import config, job
from support.scripted import Scripted
from support.waiting import wait_until

LONG = job("echo begun; sleep 3; echo ended")


def wait_until_connected(server, agent):
    def connected():
        items = server.api.get("/api/v3/runner", namespace="local").json()["items"]
        return any(item["name"] == agent.name for item in items)
    wait_until(connected, 60, "the agent to connect")


def test_term_while_idle_ends_it_at_once(world, server, small):
    agent = world.agent(server, small)
    wait_until_connected(server, agent)
    assert agent.stop(30) == 0
    pipeline = world.submit(server, config(build=job("true")))
    assert pipeline.task()["state"] == "queued"  # its waiting claim did not take it with it
    world.agent(server, small)
    assert pipeline.wait()["state"] == "success"


@pytest.mark.threads
def test_term_drains_and_a_claim_is_not_lost(world, server, small):
    agent = world.agent(server, small)
    pipeline = world.submit(server, config(first=LONG, second=job("true")))
    pipeline.wait_for_output("begun", "first")
    agent.signal(signal.SIGTERM)
    assert agent.wait(60) == 0
    assert pipeline.output(pipeline.task("first")) == "begun\nended\n"
    assert pipeline.task("first")["state"] == "success"
    assert pipeline.task("second")["state"] == "queued"


@pytest.mark.threads
def test_a_second_term_ends_the_task(world, server, small):
    agent = world.agent(server, small, mode="single-task")
    pipeline = world.submit(server, config(build=job("echo begun; sleep 600")))
    pipeline.wait_for_output("begun")
    agent.signal(signal.SIGTERM)
    wait_until(lambda: "drain" in agent.output().lower(), 30, "the agent to drain")
    agent.signal(signal.SIGTERM)
    agent.wait(60)
    assert 'stopped why="it was told to stop"' in agent.output()
    assert pipeline.wait()["state"] != "success"
    assert pipeline.task()["state"] in ("infrastructure_fail", "canceled", "failed")


def test_a_second_term_ends_it_while_its_server_is_away(world, server, small):
    agent = world.agent(server, small)
    wait_until_connected(server, agent)
    server.kill()
    agent.signal(signal.SIGTERM)
    wait_until(lambda: "drain" in agent.output().lower(), 30, "the agent to drain")
    agent.signal(signal.SIGTERM)
    assert agent.wait(30) == 0  # not the minutes for which it would try to withdraw its claim


def test_it_says_once_that_its_server_is_away_and_once_that_it_is_back(world, server, small):
    agent = world.agent(server, small)
    wait_until(lambda: "waiting for tasks" in agent.output(), 60, "the agent to wait for tasks")
    server.kill()
    wait_until(lambda: "cannot be reached" in agent.output(), 60, "the agent to notice")
    server.start()
    wait_until(lambda: "the server is back after" in agent.output(), 60, "the agent to find it")
    assert agent.stop() == 0
    assert agent.output().count("cannot be reached") == 1
    assert agent.output().count("the server is back") == 1
    assert 'stopped why="it was told to drain"' in agent.output()


def test_single_task_ends_after_one(world, server, small):
    pipeline = world.submit(server, config(build=job("true", parallelism=2)))
    agent = world.agent(server, small, mode="single-task")
    assert agent.wait(60) == 0
    assert sorted(task["state"] for task in pipeline.tasks()) == ["queued", "success"]
    assert "job=build result=success took=" in agent.output()
    assert "its single task is done" in agent.output()


def test_a_failed_task_is_no_failure_of_the_agent(world, server, small):
    world.submit(server, config(build=job("false")))
    assert world.agent(server, small, mode="single-task").wait(60) == 0


@pytest.mark.threads
def test_idle_timeout(world, server, small):
    begun = time.monotonic()
    agent = world.agent(server, small, idle_timeout="2s")
    assert agent.wait(60) == 0
    assert time.monotonic() - begun >= 2
    assert "no task for 2s" in agent.output()


def test_who_has_had_a_task_may_wait_for_less_time(world, server, small):
    pipeline = world.submit(server, config(build=job("true", parallelism=2)))
    agent = world.agent(server, small, idle_timeout="1h",
                        environment={"MUSTER_IDLE_AFTER_TASK": "0s"})
    assert agent.wait(60) == 0
    assert pipeline.wait()["state"] == "success"
    assert "no other task for 0s" in agent.output()


def test_idle_without_ever_reaching_a_server_is_exit_code_3(world, server, small):
    server.kill()
    begun = time.monotonic()
    agent = world.agent(server, small, idle_timeout="2s")
    assert agent.wait(30) == 3  # not the minutes for which it would ask for a claim that arrived
    assert time.monotonic() - begun >= 2
    assert "the server was never reached" in agent.output()
    assert "answered no claim until the idle_timeout: cannot reach" in agent.output()
    assert "may have a task" not in agent.output()


@pytest.mark.threads
def test_a_task_over_max_run_time_is_ended(world, server, small):
    world.agent(server, small, max_run_time="2s")
    pipeline = world.submit(server, config(build=job("while true; do echo on; sleep 0.2; done")))
    assert pipeline.wait()["state"] == "failed"
    assert pipeline.task()["state"] == "timedout"
    assert pipeline.output().startswith("on\n")
    assert "ran for longer than 2s" in pipeline.output()
    assert "ran for longer than 2s" in pipeline.task()["message"]


@pytest.mark.threads
def test_a_cancel_ends_the_work_within_seconds(world, server, small):
    agent = world.agent(server, small)
    pipeline = world.submit(server, config(build=job("trap '' TERM; echo begun; sleep 600")))
    pipeline.wait_for_output("begun")
    pipeline.cancel()
    assert pipeline.wait(45)["state"] == "canceled"
    assert agent.running
    assert world.submit(server, config(build=job("true"))).wait()["state"] == "success"


def test_environment_variables_win(world, server, small):
    agent = world.agent(server, small, name="from-the-file",
                        environment={"CIRCLECI_RUNNER_NAME": "from-the-environment",
                                     "CIRCLECI_RUNNER_MODE": "single-task"})
    pipeline = world.submit(server, config(build=job("true")))
    assert pipeline.wait()["state"] == "success"
    assert pipeline.task()["runner"] == "from-the-environment"
    assert agent.wait(30) == 0


def test_a_configuration_on_standard_input(world, server, small):
    text = json.dumps({"api": {"auth_token": small, "url": server.url},
                       "runner": {"name": "piped", "mode": "single-task",
                                  "working_directory": str(world.place / "piped")}})
    agent = world.start("piped", "agent", "--config", "-", standard_input=text)
    pipeline = world.submit(server, config(build=job("true")))
    assert pipeline.wait()["state"] == "success"
    assert agent.wait(30) == 0


@pytest.mark.parametrize("text, words", [
    ("api: {auth_token: x}\nrunner: {nmae: x}\n", ["nmae", "name"]),
    ("api: {auth_token: x}\nrunner: {name: x, mode: sometimes}\n", ["mode", "single-task"]),
    ("api: {auth_token: x}\nrunner: {name: x, idle_timeout: soon}\n", ["idle_timeout"]),
    ("runner: {name: x}\n", ["auth_token"]),
    ("api: [\n", ["agent.yaml"]),
])
def test_a_wrong_configuration_is_explained(world, text, words):
    file = world.place / "agent.yaml"
    file.touch(mode=0o600)
    file.write_text(text)
    result = world.run("agent", "--config", file)
    assert result.returncode == 2
    for word in words:
        assert word in result.stderr
    assert len(result.stderr) < 2000


def test_what_is_wrong_with_its_claims_is_told_once_until_it_is_over(world):
    """By a server that is none of muster's for a while."""
    answers = [(404, {"message": "not found"})] * 4 + [(502, "no")] + [(204, "")]
    over = threading.Event()

    def answer(method, path):
        if not answers:
            over.wait(60)
        return answers.pop(0) if answers else (204, "")
    server = Scripted(answer)
    agent = world.agent(SimpleNamespace(url=server.url, ca_file=None), "a-token")
    wait_until(lambda: "waiting for tasks" in agent.output(), 60, "the agent")
    agent.kill()
    over.set()
    server.close()
    told = [line for line in agent.output().splitlines() if "claim" in line]
    assert len(told) == 2, told
    assert "cannot claim; trying again" in told[0] and "not found" in told[0]
    assert "claims are answered again" in told[1]


def test_a_key_without_meaning_here_is_a_warning(world, server, small):
    agent = world.agent(server, small, mode="single-task", cache_task_agent=True)
    assert world.submit(server, config(build=job("true"))).wait()["state"] == "success"
    assert agent.wait(30) == 0
    assert "cache_task_agent" in agent.output()


def test_a_refused_token_is_exit_code_4(world, server):
    agent = world.agent(server, "muc_wrong")
    assert agent.wait(60) == 4
    assert "muc_wrong" not in agent.output()
    assert "waiting for tasks" not in agent.output()


def test_a_token_of_another_class_is_refused_at_once(world, server, small):
    pipeline = world.submit(server, config(build=job("true")))
    agent = world.agent(server, small, environment={"MUSTER_RESOURCE_CLASS": "local/large"})
    assert agent.wait(60) == 4
    assert "of resource class local/small" in agent.output()
    assert "started for local/large" in agent.output()
    assert pipeline.task()["state"] == "queued"
