"""Debian's package under systemd itself, with all that its units forbid."""

import json
import shutil
import time

import pytest

from support.booted_debian import BootedDebian, CannotBoot
from support.pipeline import config, job
from support.repository import Repository
from support.waiting import wait_until

UNITS = ("muster-server", "muster-scale", "muster-agent")
pytestmark = pytest.mark.timeout(900)  # the Debian is made by the first test that wants one


@pytest.fixture
def booted(debian_base, deb, tmp_path):
    (tmp_path / "debian").mkdir()
    try:
        debian = BootedDebian(debian_base, tmp_path / "debian")
    except CannotBoot as reason:
        pytest.skip(f"no systemd can be booted here: {reason}")
    debian.do("dpkg", "--install", debian.copy(deb))
    yield debian
    debian.close()


@pytest.fixture
def working(booted):
    """Server and agent."""
    booted.do("systemctl", "enable", "--now", "muster-server")
    token = booted.do("muster", "resource-class", "create", "local/linux", "--generate-token")
    file = booted.directory / "etc/muster/agent.yaml"
    file.write_text(file.read_text().replace("#auth_token: ...", f"auth_token: {token}"))
    booted.do("systemctl", "start", "muster-agent")
    return booted


def journal(debian, unit):
    return debian.do("journalctl", "--no-pager", "--output=cat", f"--unit={unit}")


def is_active(debian, unit):
    return debian.run("systemctl", "is-active", unit).stdout.strip()


def main_pid(debian, unit):
    return debian.do("systemctl", "show", "--property=MainPID", "--value", unit)


def submit(debian, *steps, follow=True):
    project = debian.directory / "root/project"
    if not project.exists():
        repository = Repository(debian.place.parent / "project", config(
            build=job(*steps, resource_class="local/linux")))
        shutil.copytree(repository.directory, project)
    how = ["muster", "run"] if follow else ["sh", "-c", "muster run >/dev/null 2>&1 &"]
    return debian.run("env", "--chdir=/root/project", *how)


def state_of_pipeline(debian):
    newest, = json.loads(debian.do("muster", "pipeline", "list", "--json"))["items"]
    return newest["state"]


def test_at_first_nothing_runs(booted):
    """Also not once the first boot of an image made of this has enabled what it should."""
    booted.do("systemctl", "preset", *UNITS)
    for unit in UNITS:
        assert booted.run("systemctl", "is-enabled", unit).stdout == "disabled\n"
        assert is_active(booted, unit) == "inactive"


def test_systemd_does_not_end_a_job_that_the_agent_lets_finish(booted):
    """max_run_time may be more than any fixed time."""
    said = booted.do("systemctl", "show", "--property=TimeoutStopUSec", "muster-agent")
    assert said == "TimeoutStopUSec=infinity\n"


def test_without_a_token_two_stay_down_and_say_why(booted):
    assert booted.run("systemctl", "start", "muster-scale").returncode == 1
    booted.run("systemctl", "start", "muster-agent")
    wait_until(lambda: is_active(booted, "muster-agent") == "failed", 60, "the agent's end")
    assert is_active(booted, "muster-scale") == "failed"
    assert "create it with: muster token create" in journal(booted, "muster-scale")
    assert "api.auth_token: is missing" in journal(booted, "muster-agent")


def test_all_three_work_behind_what_their_units_forbid(working):
    working.do("systemctl", "start", "muster-scale")  # which is done once it scales
    ran = submit(working, "checkout", 'test "$(id -un)" = nobody && touch ~/x /tmp/x',
                 "! cat /etc/muster/agent.yaml && ! ls /root /home && ! touch /var/tmp/../x")
    assert ran.returncode == 0, ran.stdout + ran.stderr + journal(working, "muster-agent")
    assert "queue=http://127.0.0.1:8480" in journal(working, "muster-scale")
    for unit in UNITS:
        assert is_active(working, unit) == "active"


def test_a_reload_reads_the_configuration_again(working):
    settings = working.directory / "etc/muster/muster.yaml"
    working.do("systemctl", "start", "muster-scale")
    scaler = main_pid(working, "muster-scale")
    settings.write_text(settings.read_text().replace("max: 0", "max: 3"))
    working.do("systemctl", "reload", "muster-scale")
    wait_until(lambda: journal(working, "muster-scale").count("scaling config=") == 2, 60,
               "the other configuration")
    settings.write_text(settings.read_text().replace("max: 3", "mux: 3"))
    working.do("systemctl", "reload", "muster-scale")
    wait_until(lambda: "the one before stays in force" in journal(working, "muster-scale"), 60,
               "the refusal")
    assert main_pid(working, "muster-scale") == scaler


def test_an_upgrade_restarts_the_server_and_lets_the_agents_job_finish(working, newer):
    submit(working, "until [ -e /tmp/enough ]; do sleep 0.1; done", follow=False)
    wait_until(lambda: "task claimed" in journal(working, "muster-agent"), 60, "a claim")
    server, agent = main_pid(working, "muster-server"), main_pid(working, "muster-agent")
    working.do("dpkg", "--install", newer(working))
    assert main_pid(working, "muster-server") not in (server, "0\n")
    assert main_pid(working, "muster-agent") == agent
    # Its /tmp is its own.
    working.do("nsenter", f"--mount=/proc/{agent.strip()}/ns/mnt", "touch", "/tmp/enough")
    wait_until(lambda: state_of_pipeline(working) == "success", 60, "the job's success")


def test_to_remove_it_ends_the_job_which_is_told_as_lost(working):
    submit(working, "sleep 600", follow=False)
    wait_until(lambda: "task claimed" in journal(working, "muster-agent"), 60, "a claim")
    begun = time.monotonic()
    working.do("dpkg", "--remove", "muster")
    assert time.monotonic() - begun < 60
    assert "result=infrastructure_fail" in journal(working, "muster-server")
    left = working.run("sh", "-c", "cat /proc/[0-9]*/comm").stdout.split()
    assert "systemd" in left and not {"muster", "sleep"} & set(left)
    working.do("dpkg", "--purge", "muster")
    assert working.run("sh", "-c", "ls -d /var/lib/muster* /etc/muster").stdout == ""
    assert not list((working.directory / "etc/systemd/system").rglob("muster*"))
