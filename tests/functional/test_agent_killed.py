"""Nothing of a job outlives its agent, whichever of the agent's two processes is killed.

`muster agent` is a guardian, whose process id everybody knows, and its child, which works.
"""

import os
import select
import signal
import subprocess
from pathlib import Path

import pytest

from support.pipeline import config, job
from support.program import processes_in, worker_of
from support.waiting import wait_until

# One stays in the step's session, one leaves it, one leaves its parent as well.
LEAVES_PROCESSES = ("sleep 1000 & setsid sleep 1001 & (setsid sleep 1002 &) ; "
                    "echo begun; sleep 1003")


def lives(pid):
    """A zombie, which waits for an init to collect it, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def words_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def sleepers(world):
    """The processes of the job, which work below the test's directory."""
    return [pid for pid in processes_in(world.place) if words_of(pid).startswith(b"sleep\0")]


@pytest.fixture
def busy(world, server, small):
    """An agent in the middle of a job, and the job's pipeline."""
    agent = world.agent(server, small)
    pipeline = world.submit(server, config(build=job(LEAVES_PROCESSES)))
    pipeline.wait_for_output("begun")
    wait_until(lambda: len(sleepers(world)) == 4, 30, "all processes of the job")
    return agent, pipeline


def test_a_killed_worker_takes_its_job_with_it(world, busy):
    agent, _ = busy
    os.kill(worker_of(agent), signal.SIGKILL)
    assert agent.wait(30) == 128 + signal.SIGKILL
    assert sleepers(world) == []
    assert "signal=9" in agent.output()


def test_the_next_agent_removes_what_a_killed_one_left(world, server, small, busy):
    agent, pipeline = busy
    os.kill(worker_of(agent), signal.SIGKILL)
    agent.wait(30)
    own = world.place / ".local/state/muster-agent"
    state = Path("/var/lib/muster-agent") if os.geteuid() == 0 else own
    world.agent(server, small)
    for place in ("tasks", "work"):
        left = state / place / pipeline.task()["id"]
        wait_until(lambda: not left.exists(), 60, f"the end of {left}")


def test_a_killed_guardian_ends_the_job(world, busy):
    agent, pipeline = busy
    worker = worker_of(agent)
    agent.kill()
    wait_until(lambda: not sleepers(world), 30, "the end of the job's processes")
    assert pipeline.wait(30)["state"] == "failed"
    assert pipeline.task()["state"] == "infrastructure_fail"
    assert "stopped before the task had ended" in pipeline.task()["message"]
    wait_until(lambda: not lives(worker), 30, "the end of the worker")


def test_if_both_are_killed_the_step_goes_no_further(world, server, small):
    agent = world.agent(server, small)
    mark = world.place / "mark"
    pipeline = world.submit(server, config(build=job(f"echo begun; sleep 1000; echo {mark}")))
    pipeline.wait_for_output("begun")

    def shells():
        return [pid for pid in processes_in(world.place) if str(mark).encode() in words_of(pid)]
    wait_until(shells, 30, "the shell of the step")
    os.kill(agent.pid, signal.SIGSTOP)  # it cannot act on the worker's end
    os.kill(worker_of(agent), signal.SIGKILL)
    agent.kill()
    wait_until(lambda: not shells(), 30, "the end of the step's shell")


def test_a_signal_ends_it_while_it_waits_for_its_configuration(world):
    reading, writing = os.pipe()
    os.write(writing, b"api:\n")  # and no more, nor an end
    command = [world.binary, "agent", "--config", "-"]
    with subprocess.Popen(command, stdin=reading, cwd=world.place) as waiting:
        wait_until(lambda: not select.select([reading], [], [], 0)[0], 30, "the agent to read")
        waiting.terminate()
        assert waiting.wait(30) == -signal.SIGTERM
    os.close(reading)
    os.close(writing)


def test_an_idle_worker_ends_with_its_guardian(world, server, small):
    agent = world.agent(server, small)
    worker = wait_until(lambda: "waiting for tasks" in agent.output() and worker_of(agent), 60,
                        "the agent to wait for tasks")
    agent.kill()
    wait_until(lambda: not lives(worker), 30, "the end of the worker")
    assert world.submit(server, config(build=job("true"))).task()["state"] == "queued"
