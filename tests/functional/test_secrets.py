"""No token is where a job, or a look at the process list, could find it."""

import os
from pathlib import Path

import pytest

from support.pipeline import config, job
from support.program import processes_in

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can run jobs as another user")


def holds(path, secrets):
    try:
        content = path.read_bytes()
    except OSError:
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


@needs_root
def test_a_job_cannot_read_what_is_not_its_own(world, server, small):
    agent = world.agent(server, small)
    secret_files = [world.place / f"{agent.name}.yaml", server.data / "token",
                    server.data / "muster.db", server.data / "muster.db-wal", server.data / "output",
                    Path(f"/proc/{agent.pid}/environ"), Path(f"/proc/{agent.pid}/mem")]
    assert all(path.exists() for path in secret_files)
    tries = "; ".join(
        f"if head -c 1 {path} >/dev/null 2>&1 || cd {path} 2>/dev/null; then echo read {path}; fi"
        for path in secret_files)
    pipeline = world.submit(server, config(build=job(f"{tries}; echo tried")))
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output() == "tried\n"


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
