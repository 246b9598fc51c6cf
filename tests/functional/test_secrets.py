"""No token is where a job, or a look at the process list, could find it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.isolation import IsolatedAgents, as_nobody
from support.pipeline import config, job
from support.program import processes_in, worker_of
from support.waiting import wait_until

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can run jobs as another user")


def holds(path, secrets):
    """Not if it is gone; and what its own user cannot read shows nothing to other ones."""
    try:
        content = path.read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return any(secret.encode() in content for secret in secrets)


@pytest.fixture
def at_work(world, server, small):
    """A pipeline in the middle of its task, started through an agent of its own."""
    agent = world.agent(server, small)
    pipeline = world.submit(server, config(
        build=job("env; echo begun; while [ ! -e go ]; do sleep 0.1; done")))
    pipeline.wait_for_output("begun")
    return pipeline, agent


def test_no_token_in_arguments_environments_logs_or_files(world, server, small, at_work):
    pipeline, agent = at_work
    secrets = [server.token, small]
    for pid in {*processes_in(world.place), agent.pid}:
        assert not holds(Path(f"/proc/{pid}/cmdline"), secrets)
        assert not holds(Path(f"/proc/{pid}/environ"), secrets)
    for program in world.programs:
        assert not holds(program.log, secrets), f"{program.name} logs a token"
    for path in (world.place / agent.name).rglob("*"):
        assert not (path.is_file() and holds(path, secrets)), f"{path} holds a token"
    shown = pipeline.output()
    for kind in ("mup_", "muc_", "mut_"):
        assert kind not in shown, "the job's environment holds a token"


@needs_root
def test_a_token_that_came_by_a_variable_is_in_no_environment(world, server, small):
    """Only root gets to see those of an agent."""
    begun = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE,
                             env={"CIRCLECI_RUNNER_API_AUTH_TOKEN": small})
    wait_until(lambda: holds(Path(f"/proc/{begun.pid}/environ"), [small]), 30, "it would be seen")
    begun.communicate(b"\n")
    agent = world.agent(server, "of-another-file", environment={
        "CIRCLECI_RUNNER_API_AUTH_TOKEN": small, "SEEN": "yes"})
    assert world.submit(server, config(build=job("true"))).wait()["state"] == "success"
    for pid in (agent.pid, worker_of(agent)):
        environment = Path(f"/proc/{pid}/environ")
        assert holds(environment, ["SEEN=yes", "CIRCLECI_RUNNER_API_AUTH_TOKEN="])
        assert not holds(environment, [small])


@needs_root
@pytest.mark.parametrize("options", [[], ["--token-file"]])
def test_the_token_of_a_client_that_came_by_a_variable_is_in_no_environment(world, server, small,
                                                                          options):
    """Used or not."""
    named = [*options, server.data / "token"] if options else []
    repository = world.repository(config(build=job("true")))
    client = world.start("client", "run", repository.directory, "--server", server.url, *named,
                         environment={"MUSTER_TOKEN": server.token, "SEEN": "yes"})
    wait_until(lambda: "queued" in client.output(), 60, "the client, which waits")
    environment = Path(f"/proc/{client.pid}/environ")
    assert holds(environment, ["SEEN=yes"]) and holds(environment, ["MUSTER_TOKEN="])
    assert not holds(environment, [server.token])


def test_the_environment_of_the_agent_does_not_reach_jobs(world, server, small):
    world.agent(server, small, environment={"CIRCLECI_RUNNER_API_AUTH_TOKEN": small,
                                            "SECRET_OF_THE_AGENT": "yes"})
    pipeline = world.submit(server, config(build=job("env")))
    pipeline.wait()
    assert small not in pipeline.output()
    assert "SECRET_OF_THE_AGENT" not in pipeline.output()


@needs_root
def test_started_as_root_jobs_run_as_another_user(world, server, small):
    world.agent(server, small)
    pipeline = world.submit(server, config(build=job(
        "checkout", "id -un; id -G; test -w . && touch mine && stat -c %U mine")))
    assert pipeline.wait()["state"] == "success", pipeline.output(step=1)
    user, groups, owner = pipeline.output(step=1).splitlines()
    assert user == owner == "nobody"
    assert "0" not in groups.split()


def tried(paths, how):
    """A command for a job, which says what it got at."""
    return "; ".join(f"if {how.format(path)} 2>/dev/null; then echo got {path}; fi"
                     for path in paths) + "; echo tried"


@needs_root
def test_a_job_cannot_read_what_is_not_its_own(world, server, small):
    agent = world.agent(server, small)
    files = [world.place / f"{agent.name}.yaml", server.data / "token", server.data / "muster.db",
             server.data / "muster.db-wal"]
    directories = [server.data, server.data / "output"]
    assert all(path.exists() for path in [*files, *directories])
    pipeline = world.submit(server, config(build=job(
        tried([*files, __file__], "head -c 1 {} >/dev/null"),
        tried([*directories, "/usr"], "(cd {})"))))
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output() == f"got {__file__}\ntried\n"
    assert pipeline.output(step=1) == "got /usr\ntried\n"


# Lets itself be looked at, whatever Yama says of others than parents.
OPEN_PROCESS = """
import ctypes
PR_SET_PTRACER, PR_SET_PTRACER_ANY = 0x59616d61, ctypes.c_ulong(-1)
ctypes.CDLL(None).prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0)
print("ready", flush=True)
input()
"""


def uid_of(pid):
    """Of who it runs as; its files in /proc may say root."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines()
               if line.startswith("Uid:")]
    return int(line.split()[1])


def test_a_job_cannot_look_into_an_agent_of_its_own_user(world, server, small):
    """It is no other user's that keeps it out, but that nobody may inspect the agent."""
    user = "nobody" if as_nobody() else "ourselves"
    agent = IsolatedAgents(world, server, small, user, isolation="none").start()
    wait_until(lambda: "jobs run as the runner's own user" in agent.output(), 30, "the agent")
    process = subprocess.Popen([*as_nobody(), "/usr/bin/python3", "-c", OPEN_PROCESS], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    looks = [f"/proc/{pid}/{file}" for pid in (process.pid, agent.pid, worker_of(agent))
             for file in ("mem", "environ", "maps")]
    pipeline = world.submit(server, config(build=job(
        "id -u", tried(looks, "(exec 3< {})"))))
    assert pipeline.wait()["state"] == "success"
    process.communicate("\n")
    assert int(pipeline.output()) == uid_of(agent.pid)
    assert pipeline.output(step=1).splitlines() == [*(f"got {look}" for look in looks[:3]), "tried"]


@needs_root
def test_a_job_cannot_gain_privileges(world, server, small):
    world.agent(server, small)
    pipeline = world.submit(server, config(build=job("grep NoNewPrivs /proc/self/status")))
    pipeline.wait()
    assert pipeline.output().split() == ["NoNewPrivs:", "1"]


def test_descriptors_of_the_agent_do_not_reach_jobs(world, server, small):
    world.agent(server, small)
    pipeline = world.submit(server, config(build=job("ls /proc/$$/fd | wc -l; ls -l /proc/$$/fd")))
    pipeline.wait()
    assert "socket" not in pipeline.output()
