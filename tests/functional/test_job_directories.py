"""The directories of jobs: no job turns the agent's rights against others, no other account gets in."""

import os
import stat
import subprocess

import pytest

from support.isolation import NOBODY
from support.pipeline import config, job
from support.waiting import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run jobs as another user")
ANOTHER = ["setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups"]
PREFIX = [*NOBODY, "--"]


@pytest.fixture(params=["as another user", "behind a prefix"])
def prefix(request):
    return {} if request.param == "as another user" else {"command_prefix": PREFIX}


@pytest.fixture
def homes(world):
    """A directory of the jobs' user."""
    place = world.place / "homes"
    place.mkdir()
    subprocess.run(["chown", "nobody:nogroup", place], check=True)
    return place


@pytest.fixture
def victim(world):
    """What the jobs' user may look at, and not change."""
    place = world.place / "victim"
    (place / "below").mkdir(parents=True)
    (place / "below/file").write_text("of root")
    return place


def is_whole(victim):
    status = victim.stat()
    return ((victim / "below/file").read_text() == "of root" and status.st_uid == 0
            and stat.S_IMODE(status.st_mode) == 0o755)


def stop(agent):
    """It has cleared up after its task by then."""
    assert agent.stop() == 0


@pytest.mark.parametrize("name", ["work", "work/%s"])
def test_a_link_in_place_of_the_working_directory(world, server, small, homes, victim, prefix, name):
    agent = world.agent(server, small, working_directory=f"{homes}/{name}", **prefix)
    swap = f"cd {homes}; mv work moved; ln -s {victim} work; mkdir -p moved/x; ls {homes}/work/"
    pipeline = world.submit(server, config(build=job(swap)))
    assert pipeline.wait()["state"] == "success", pipeline.output()
    assert pipeline.output() == "below\n"
    stop(agent)
    assert is_whole(victim)


def test_a_link_to_where_the_next_directory_is_to_be(world, server, small, homes, victim, prefix):
    (homes / "link").symlink_to(victim)
    subprocess.run(["chown", "-h", "nobody:nogroup", homes / "link"], check=True)
    agent = world.agent(server, small, working_directory=f"{homes}/link/%s", **prefix)
    pipeline = world.submit(server, config(build=job("touch file")))
    assert pipeline.wait()["state"] != "success"
    stop(agent)
    assert is_whole(victim) and [path.name for path in victim.iterdir()] == ["below"]


def test_a_working_directory_that_jobs_share_is_emptied(world, server, small, homes, prefix):
    agent = world.agent(server, small, working_directory=f"{homes}/work", **prefix)
    pipeline = world.submit(server, config(build=job(
        "mkdir -p a/b; touch a/b/file .hidden; chmod 500 a/b; pwd")))
    assert pipeline.wait()["state"] == "success", pipeline.output()
    assert pipeline.output() == f"{homes}/work\n"
    wait_until(lambda: not any((homes / "work").iterdir()), 30, "the end of what the job has made")
    stop(agent)


def test_no_other_account_gets_in(world, server, small, prefix):
    """Nor can it say what bash reads at the start of each step."""
    state = world.place / "state"
    agent = world.agent(server, small, environment={"MUSTER_AGENT_STATE": str(state)},
                        working_directory="auto", **prefix)
    pipeline = world.submit(server, config(build=job(
        "checkout", "echo $BASH_ENV; pwd; touch begun; while ! [ -e go ]; do sleep 0.1; done",
        "echo ${OF_ANOTHER:-nothing}")), {"secret.txt": "a source"})
    pipeline.wait_for_output("\n", step=1)
    wait_until(lambda: len(pipeline.output(step=1).splitlines()) == 2, 30, "both lines")
    bash_env, directory = pipeline.output(step=1).splitlines()
    tries = (f"cat {directory}/secret.txt; ls {directory}; cat {bash_env};"
             f"echo export OF_ANOTHER=yes > {bash_env};"
             f"rm -f {bash_env}; mv {os.path.dirname(bash_env)} {bash_env}.moved;"
             f"mv {directory} {directory}.moved; echo tried")
    tried = subprocess.run([*ANOTHER, "sh", "-c", tries], capture_output=True, text=True)
    assert tried.stdout == "tried\n"
    subprocess.run(["touch", f"{directory}/go"], check=True)
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output(step=2) == "nothing\n"
    stop(agent)
    assert not any((state / "work").iterdir())
