"""`isolation: podman`: each task in a container."""

import os
import signal
import uuid
from pathlib import Path

import pytest

from support.isolation import IsolatedAgents, processes_marked, told
from support.pipeline import config, job
from support.podman import IMAGE, Podman
from support.program import worker_of
from support.waiting import wait_until


@pytest.fixture(scope="module")
def podman(tmp_path_factory):
    podman = Podman(tmp_path_factory.mktemp("podman"))
    if reason := podman.why_not():
        pytest.skip(reason)
    yield podman
    podman.close()


@pytest.fixture
def agents(world, server, small, podman):
    yield IsolatedAgents(world, server, small, "ourselves", isolation="podman",
                         isolation_image=IMAGE, environment=podman.environment)
    for program in world.programs:
        program.kill()
    podman.close()


@pytest.fixture
def agent(agents):
    return agents.start(environment={"SECRET_OF_THE_AGENT": "yes"})


@pytest.fixture
def run(world, server, agent):
    def run_job(*steps, files=None, expect="success", **keys):
        pipeline = world.submit(server, config(build=job(*steps, **keys)), files)
        assert pipeline.wait()["state"] == expect, told(pipeline, agent)
        assert agent.running
        return pipeline
    return run_job


@pytest.fixture
def mark():
    return f"mark-{uuid.uuid4().hex}"


# Has no image, and so runs nothing. What it was asked with is a line of a file.
ASKED = """#!/bin/sh
echo "$1 $CONTAINERS_CONF $CONTAINERS_REGISTRIES_CONF $CONTAINERS_STORAGE_CONF $REGISTRY_AUTH_FILE \
$XDG_RUNTIME_DIR $XDG_CONFIG_HOME $XDG_DATA_HOME $HOME $SECRET" >> {}
"""


def test_the_agents_of_a_scaler_have_the_podman_that_it_tried(world, server, small):
    fake, asked = world.place / "bin/podman", world.place / "asked"
    fake.parent.mkdir()
    fake.write_text(ASKED.format(asked))
    fake.chmod(0o755)
    names = ["CONTAINERS_CONF", "CONTAINERS_REGISTRIES_CONF", "CONTAINERS_STORAGE_CONF",
             "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"]
    values = {name: f"/of/{name}" for name in names}
    scaler = world.start("scaler", "scale", "--config", world.scaler_config(server, {
        "local/small": (small, {"min": 1, "max": 1, "local": {
            "isolation": "podman", "isolation_image": IMAGE}})}),
        environment={"PATH": f"{fake.parent}:{os.environ['PATH']}", "SECRET": "s3cret", **values})
    # Only an agent asks for the containers that another has left.
    wait_until(lambda: asked.exists() and "ps " in asked.read_text(), 60, "the agent's podman")
    assert scaler.running, scaler.tail()
    lines = [line.split() for line in asked.read_text().splitlines()]
    assert [words for words, *_ in lines[:3]] == ["images", "images", "ps"]
    assert all(rest == list(values.values()) for _, *rest in lines)


def test_a_job_works_as_without(run, podman):
    pipeline = run(
        "checkout", "cat a.txt; git rev-parse HEAD; echo 'export KEPT=yes' >> \"$BASH_ENV\"",
        "echo $KEPT $OF_JOB; cd; pwd; echo kept > file; echo in-tmp > /tmp/file",
        "cat ~/file /tmp/file; echo err >&2; echo out",
        files={"a.txt": "first\n"}, environment={"OF_JOB": "it's $too"})
    assert pipeline.output(step=1) == f"first\n{pipeline.status()['revision']}\n"
    said, home = pipeline.output(step=2).splitlines()
    assert said == "yes it's $too" and home.endswith(f"/work/{pipeline.task()['id']}/home")
    assert pipeline.output(step=3) == "kept\nin-tmp\nerr\nout\n"
    assert not podman.containers()


@pytest.mark.parametrize("command, code", [("exit 7", 7), ("kill -KILL $$", 137)])
def test_exit_codes(run, command, code):
    assert run(command, expect="failed").task()["steps"][0]["exit_code"] == code


def test_what_is_not_the_tasks_is_not_there(run, server, agents, agent):
    seen = [agent.file, agents.state / "tasks", server.data / "token", "/root", "/home", "/var",
            "/etc/shadow", "/usr/bin/python3"]
    tries = "; ".join(f"if [ -e {path} ]; then echo there is {path}; fi" for path in seen)
    pipeline = run(f"{tries}; ls -A /tmp; env; id -u; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; "
                   "ls -d /proc/[0-9]* | wc -l; touch /etc/mine /run/muster/mine || true")
    said = pipeline.output()
    assert "there is" not in said and "SECRET_OF_THE_AGENT" not in said
    assert "CapEff:\t0000000000000000\nNoNewPrivs:\t1\n" in said
    assert f"\n{os.getuid() or 65534}\n" in said
    assert int(said.split("NoNewPrivs:\t1\n")[1].split()[0]) < 10


def test_no_value_of_its_environment_is_an_argument(world, server, agent, mark):
    pipeline = world.submit(server, config(build=job("echo begun; while ! [ -e go ]; do sleep 0.1; done",
                                                     environment={"SECRET": mark})))
    pipeline.wait_for_output("begun")
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                assert mark.encode() not in (entry / "cmdline").read_bytes(), entry
            except OSError:
                continue


REACH = "(exec 3<>/dev/tcp/127.0.0.1/{0} && head -1 <&3) 2>/dev/null || echo not reached"


def test_the_network_is_the_machines_or_none(world, server, agents, run, listener):
    assert run(REACH.format(listener)).output() == "reached\n"
    for program in world.programs:
        if program.name.startswith("isolated"):
            program.stop()
    agent = agents.start(isolation_network="none")
    pipeline = world.submit(server, config(build=job(REACH.format(listener), "cat /proc/net/dev")))
    assert pipeline.wait()["state"] == "success", told(pipeline, agent)
    assert pipeline.output() == "not reached\n"
    devices = [line.split(":")[0].strip() for line in pipeline.output(step=1).splitlines()[2:]]
    assert devices == ["lo"]


def test_what_a_step_leaves_running_lasts_for_the_task(run, mark, podman):
    pipeline = run(f"(exec -a {mark} sleep 600) & echo $! > /tmp/pid",
                   "cat /proc/$(cat /tmp/pid)/cmdline | tr '\\0' ' '")
    assert pipeline.output(step=1) == f"{mark} 600 " or mark in pipeline.output(step=1)
    assert not processes_marked(mark)
    assert not podman.containers()


LEAVES = ("(exec -a {0} sleep 600) & setsid bash -c 'exec -a {0} sleep 601' & "
          "(setsid bash -c 'exec -a {0} sleep 602' &) ; echo begun; exec -a {0} sleep 603")


def test_a_time_out_ends_all_but_steps_in_the_background(run, mark, podman):
    pipeline = run(
        {"run": {"command": f"exec -a {mark}-background sleep 600", "background": True}},
        {"run": {"command": LEAVES.format(mark), "no_output_timeout": "2s"}},
        {"run": {"command": "cat /proc/[0-9]*/cmdline | tr '\\0' ' '", "when": "always"}},
        expect="failed")
    assert pipeline.task()["state"] == "timedout"
    shown = pipeline.output(step=2)
    assert f"{mark}-background" in shown and f"{mark} " not in shown
    assert not processes_marked(mark)
    assert not podman.containers()


@pytest.fixture
def busy(world, server, agent, mark):
    pipeline = world.submit(server, config(build=job(LEAVES.format(mark))))
    pipeline.wait_for_output("begun")
    wait_until(lambda: len(processes_marked(mark)) == 4, 30, "all processes of the job")
    return pipeline


def test_a_cancel_ends_all(busy, agent, mark, podman):
    busy.cancel().expect(202)
    assert busy.wait(45)["state"] == "canceled"
    wait_until(lambda: not processes_marked(mark), 30, "the end of the job's processes")
    wait_until(lambda: not podman.containers(), 30, "the end of the container")
    assert agent.running


def test_after_a_kill_of_the_agent_all_ends_and_the_next_removes_the_container(
        busy, agents, agent, mark, podman):
    os.kill(agent.pid, signal.SIGSTOP)  # it cannot act on the worker's end
    os.kill(worker_of(agent), signal.SIGKILL)
    agent.kill()
    wait_until(lambda: not processes_marked(mark), 30, "the end of the job's processes")
    agents.start()
    wait_until(lambda: not podman.containers(), 60, "the end of the container")


def test_a_killed_worker_takes_all_with_it(busy, agent, mark):
    os.kill(worker_of(agent), signal.SIGKILL)
    assert agent.wait(30) == 128 + signal.SIGKILL
    wait_until(lambda: not processes_marked(mark), 30, "the end of the job's processes")


def test_an_image_that_cannot_be_had(world, server, agents):
    agent = agents.start(isolation_image="127.0.0.1:1/no/such:image")
    pipeline = world.submit(server, config(build=job("echo ran")))
    assert pipeline.wait(180)["state"] == "failed", agent.tail()
    task = pipeline.task()
    assert task["state"] == "infrastructure_fail"
    assert "podman cannot fetch the image 127.0.0.1:1/no/such:image" in task["message"]
    assert not task["steps"]


def test_the_instances_of_a_scaler(world, server, small, podman):
    file = world.scaler_config(server, {"local/small": (small, {
        "max": 1, "local": {"isolation": "podman", "isolation_image": IMAGE,
                            "isolation_network": "none"}})})
    scaler = world.start("scaler", "scale", "--config", file, environment=podman.environment)
    pipeline = world.submit(server, config(build=job("checkout", "grep -c : /proc/net/dev")))
    assert pipeline.wait()["state"] == "success", scaler.tail()
    assert pipeline.output(step=1) == "1\n"
