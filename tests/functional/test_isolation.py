"""`isolation: bubblewrap`: what a job sees and may do, and that all of it ends."""

import json
import os
import shutil
import signal
import tempfile
import uuid
from pathlib import Path

import pytest

from support.isolation import NOBODY, IsolatedAgents, processes_marked, told, why_no_bubblewrap
from support.pipeline import config, job
from support.program import Program, worker_of
from support.waiting import wait_until
from support.world import end

pytestmark = pytest.mark.skipif(bool(why_no_bubblewrap()), reason=why_no_bubblewrap())
USERS = ["root", "nobody"] if os.geteuid() == 0 else ["ourselves"]


@pytest.fixture(params=USERS)
def agents(world, server, small, request):
    """Of root, whose jobs run as nobody; and of a user, whose jobs run as that."""
    return IsolatedAgents(world, server, small, request.param)


@pytest.fixture
def agent(agents):
    return agents.start()


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


def test_a_job_works_as_without(run):
    pipeline = run(
        "checkout", "cat a.txt; git rev-parse HEAD; echo 'export KEPT=yes' >> \"$BASH_ENV\"",
        "echo $KEPT $OF_JOB; cd; pwd; echo kept > file", "cat ~/file; echo err >&2; exit 0",
        files={"a.txt": "first\n"}, environment={"OF_JOB": "too"})
    assert pipeline.output(step=1) == f"first\n{pipeline.status()['revision']}\n"
    said, home = pipeline.output(step=2).splitlines()
    assert said == "yes too" and home.endswith(f"/work/{pipeline.task()['id']}/home")
    assert pipeline.output(step=3) == "kept\nerr\n"


@pytest.mark.parametrize("command, code", [("exit 7", 7), ("kill -KILL $$", 137),
                                           ("no-such-command-here", 127)])
def test_exit_codes(run, command, code):
    assert run(command, expect="failed").task()["steps"][0]["exit_code"] == code


def test_what_is_not_the_tasks_is_not_there(run, world, server, agents, agent):
    """The agent's settings and state, another task's directory, the server's data, homes, this test."""
    others = agents.state / "work" / "another-task" / "project"
    others.mkdir(parents=True)
    (others / "secret").write_text("of another task")
    for path in (others, others.parent, others.parent.parent):
        path.chmod(0o777)
    (others / "secret").chmod(0o666)
    if agents.user == "nobody":
        shutil.chown(agents.state / "work", "nobody", "nogroup")
    seen = [agent.file, agents.state / "tasks", others / "secret", server.data / "token",
            server.data / "muster.db", world.place / "server-1.log", "/root", "/home", "/var/lib"]
    tries = "; ".join(f"if [ -e {path} ]; then echo there is {path}; fi" for path in seen)
    pipeline = run(f"{tries}; ls -A {agents.state} {agents.state}/work; echo tried")
    assert pipeline.output().split() == [
        f"{agents.state}:", "work", f"{agents.state}/work:", pipeline.task()["id"], "tried"]


def test_its_tmp_is_its_own_and_lasts_for_the_task(run, mark):
    there = Path("/tmp") / mark
    there.write_text("of the machine")
    try:
        pipeline = run(f"ls -A /tmp; ls -A /var/tmp; echo of-the-job > /tmp/{mark}-2",
                       f"cat /tmp/{mark}-2")
        assert mark not in pipeline.output()
        assert pipeline.output(step=1) == "of-the-job\n"
        assert not Path(f"/tmp/{mark}-2").exists()
        assert f"{mark}-2" not in run("ls -A /tmp").output()
    finally:
        there.unlink()


def test_it_sees_its_own_processes_alone_and_those_of_earlier_steps(run, mark):
    pipeline = run(f"(exec -a {mark} sleep 600) & echo $! > /tmp/pid",
                   "cat /proc/[0-9]*/cmdline | tr '\\0' ' '; kill $(cat /tmp/pid)")
    shown = pipeline.output(step=1)
    assert mark in shown
    assert "agent --config" not in shown and "pytest" not in shown
    assert not processes_marked(mark)


def test_the_system_is_read_only_and_its_rights_are_nobodys(run):
    pipeline = run(
        "for place in / /usr /usr/bin /etc /opt /var /run; do touch $place/mine 2>&1 && echo wrote; "
        "done; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; "
        "true")
    lines = pipeline.output().splitlines()
    assert "wrote" not in lines
    assert lines[-2:] == ["CapEff:\t0000000000000000", "NoNewPrivs:\t1"]
    assert lines[1].endswith("/usr/mine': Read-only file system")


REACH = "bash -c 'exec 3<>/dev/tcp/127.0.0.1/{0} && head -1 <&3' 2>&1 || echo not reached"


def test_the_network_is_the_machines(run, listener):
    assert run(REACH.format(listener)).output() == "reached\n"


SERVICE = """python3 -c '
import socket
with socket.create_server(("127.0.0.1", 8765)) as service:
    open("/tmp/up", "w").close()
    while True:
        service.accept()[0].sendall(b"reached\\n")
'"""


def test_without_network_there_is_the_tasks_own_loopback(world, server, agents, listener):
    agent = agents.start(isolation_network="none")
    pipeline = world.submit(server, config(build=job(
        REACH.format(listener), "cat /proc/net/dev",
        {"run": {"command": SERVICE, "background": True}},
        "while ! [ -e /tmp/up ]; do sleep 0.1; done; " + REACH.format(8765))))
    assert pipeline.wait()["state"] == "success", told(pipeline, agent)
    assert pipeline.output().endswith("not reached\n") and "Connection refused" in pipeline.output()
    devices = [line.split(":")[0].strip() for line in pipeline.output(step=1).splitlines()[2:]]
    assert devices == ["lo"]
    assert pipeline.output(step=3) == "reached\n"


LEAVES = ("(exec -a {0} sleep 600) & setsid bash -c 'exec -a {0} sleep 601' & "
          "(setsid bash -c 'exec -a {0} sleep 602' &) ; echo begun; exec -a {0} sleep 603")


def test_a_time_out_ends_all_but_steps_in_the_background(run, mark):
    pipeline = run(
        {"run": {"command": f"exec -a {mark}-background sleep 600", "background": True}},
        {"run": {"command": LEAVES.format(mark), "no_output_timeout": "2s"}},
        {"run": {"command": "cat /proc/[0-9]*/cmdline | tr '\\0' ' '", "when": "always"}},
        expect="failed")
    assert pipeline.task()["state"] == "timedout"
    shown = pipeline.output(step=2)
    assert f"{mark}-background" in shown and f"{mark} " not in shown
    assert not processes_marked(mark)


@pytest.fixture
def busy(world, server, agent, mark):
    pipeline = world.submit(server, config(build=job(LEAVES.format(mark))))
    pipeline.wait_for_output("begun")
    wait_until(lambda: len(processes_marked(mark)) == 4, 30, "all processes of the job")
    return pipeline


def test_a_cancel_ends_all(busy, agent, mark):
    busy.cancel().expect(202)
    assert busy.wait(45)["state"] == "canceled"
    wait_until(lambda: not processes_marked(mark), 30, "the end of the job's processes")
    assert agent.running


def test_a_killed_worker_takes_all_with_it(busy, agent, mark):
    os.kill(worker_of(agent), signal.SIGKILL)
    assert agent.wait(30) == 128 + signal.SIGKILL
    assert not processes_marked(mark)


def test_if_worker_and_guardian_are_killed_all_dies_with_them(busy, agent, mark):
    os.kill(agent.pid, signal.SIGSTOP)  # it cannot act on the worker's end
    os.kill(worker_of(agent), signal.SIGKILL)
    agent.kill()
    wait_until(lambda: not processes_marked(mark), 30, "the end of the job's processes")


def test_a_job_that_kills_all_that_it_can_fails_alone(run, agent):
    pipeline = run("kill -KILL -1", {"run": {"command": "true", "when": "always"}}, expect="failed")
    assert pipeline.task()["steps"][0]["exit_code"] == 137
    assert "the task's sandbox has ended" in pipeline.output(step=1)
    run("true")


def test_the_working_directory_of_the_settings(world, server, agents):
    place = world.place / "work of jobs"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    agent = agents.start(working_directory=f"{place}/%s")
    pipeline = world.submit(server, config(build=job("checkout", "pwd; ls")), {"a.txt": "a"})
    assert pipeline.wait()["state"] == "success", told(pipeline, agent)
    assert pipeline.output(step=1) == f"{place}/{pipeline.task()['id']}\na.txt\n"
    wait_until(lambda: not any(place.iterdir()), 30, "the end of the working directory")


def test_the_instances_of_a_scaler(world, server, small):
    scaler = world.scaler(world.scaler_config(server, {"local/small": (small, {
        "max": 1, "local": {"isolation": "bubblewrap", "isolation_network": "none"}})}))
    pipeline = world.submit(server, config(build=job(
        "checkout", f"ls {world.place}/*.token {world.place}/scaler-state/scaler.db || "
                    "grep -c : /proc/net/dev")))
    assert pipeline.wait()["state"] == "success", told(pipeline, scaler)
    assert pipeline.output(step=1).splitlines()[-1] == "1"
    assert pipeline.output(step=1).count("No such file") == 2


@pytest.fixture
def shown():
    """A directory in a place that sandboxes show, of who runs their agents."""
    if os.geteuid() != 0:
        pytest.skip("only root makes a directory in /opt")
    place = Path(tempfile.mkdtemp(prefix="muster-test-", dir="/opt"))
    shutil.chown(place, "nobody", "nogroup")
    yield place
    shutil.rmtree(place)


def test_what_is_the_scalers_is_hidden_where_a_sandbox_shows_what_is_around_it(
        world, server, small, shown):
    (shown / "small.token").write_text(small)
    (shown / "personal.token").write_text(server.token)
    (shown / "of-the-machine").write_text("to be seen")
    (shown / "more").mkdir()
    (shown / "more/data").write_text("to be hidden, as asked")
    file = shown / "scaler.yaml"
    file.write_text(json.dumps({
        "server": {"url": server.url, "token_file": "personal.token"}, "state_directory": "state",
        "resource_classes": {"local/small": {"max": 1, "local": {
            "token_file": "small.token", "idle_timeout": "2s", "isolation": "bubblewrap",
            "isolation_hide": [str(shown / "more")]}}}}))
    for path in shown.rglob("*"):
        shutil.chown(path, "nobody", "nogroup")
        path.chmod(0o700 if path.is_dir() else 0o600)
    scaler = Program("scaler-of-nobody", [*NOBODY, world.binary, "scale", "--config", file],
                     world.place, world.environment())
    world.programs.append(scaler)
    pipeline = world.submit(server, config(build=job(
        f"cd {shown}; cat of-the-machine; cat scaler.yaml *.token more/* || true; ls state/* || true; "
        "id -un")))
    assert pipeline.wait()["state"] == "success", told(pipeline, scaler)
    said = pipeline.output()
    assert said.startswith("to be seen") and said.endswith("nobody\n")
    assert server.token not in said and small not in said and "token_file" not in said
    assert "as asked" not in said and "scaler.db" not in said
    end(scaler)
