"""Behind a `command_prefix`: what a job may not, and that it ends, whoever it is."""

import os
import shutil
import uuid

import pytest

from support.isolation import IsolatedAgents, processes_marked, told
from support.pipeline import config, job
from support.waiting import wait_until


def test_a_job_behind_a_prefix_gains_no_privileges(world, server, small):
    world.agent(server, small, command_prefix=["env"])
    pipeline = world.submit(server, config(build=job("grep NoNewPrivs /proc/self/status")))
    pipeline.wait()
    assert pipeline.output().split() == ["NoNewPrivs:", "1"]


@pytest.fixture
def behind_another_user(world, server, small):
    """An agent that is not root, whose jobs are another user's, as with sudo."""
    if os.geteuid() != 0:
        pytest.skip("only root can make what runs as another user")
    become = world.place / "become"
    shutil.copy(shutil.which("setpriv"), become)
    become.chmod(0o4755)
    return IsolatedAgents(world, server, small, "nobody", isolation="none").start(
        command_prefix=[str(become), "--reuid=daemon", "--regid=daemon", "--clear-groups", "--"])


def test_a_job_of_a_user_whom_the_agent_may_not_signal_ends(world, server, behind_another_user):
    agent = behind_another_user
    mark = f"mark-{uuid.uuid4().hex}"
    pipeline = world.submit(server, config(build=job(
        f"id -un; (setsid bash -c 'trap \"\" TERM; exec -a {mark} sleep 600' &); "
        f"exec -a {mark} sleep 601")))
    wait_until(lambda: len(processes_marked(mark)) == 2, 60, "both processes of the job")
    assert pipeline.output() == "daemon\n"
    pipeline.cancel().expect(202)
    assert pipeline.wait()["state"] == "canceled", told(pipeline, agent)
    wait_until(lambda: not processes_marked(mark), 30, "the end of the job's processes")
    assert "lives on" not in agent.output()


def test_a_job_of_such_a_user_that_is_another_process_every_moment_ends(world, server,
                                                                       behind_another_user):
    agent = behind_another_user
    mark = f"mark-{uuid.uuid4().hex}"
    fleeting = "import os\nwhile True:\n    if os.fork(): os._exit(0)"
    pipeline = world.submit(server, config(build=job(
        f"(exec -a {mark} /usr/bin/python3 -c '{fleeting}' &); exec -a {mark} sleep 600")))
    wait_until(lambda: len(processes_marked(mark)) >= 2, 60, "both processes of the job")
    pipeline.cancel().expect(202)
    assert pipeline.wait()["state"] == "canceled", told(pipeline, agent)
    wait_until(lambda: not processes_marked(mark), 30, "the end of the job's processes")
    assert "lives on" not in agent.output()
