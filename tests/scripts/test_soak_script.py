"""script/soak runs the long forms that its time and its machine allow, and faults as it is told.

The script is the project's; what it calls notes that it was called, and fails where it is to end.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.faults import KINDS

ROOT = Path(__file__).parents[2]
LIMITS = "pytest .*--connections=10000 --line-megabytes=1000 "


class Soak:
    def __init__(self, place):
        self.place = place
        for name in ("soak", "lib.sh"):
            (place / "script").mkdir(exist_ok=True)
            shutil.copy(ROOT / "script" / name, place / "script")
        for folder in ("tests", "build/venv"):
            (place / folder).mkdir(parents=True)
            (place / folder / "requirements.txt").touch()
        self.program("script/install", "")
        self.program("script/build", f"echo {place}/built/muster")
        self.program("built/muster_simulation_test", "exit 1")  # its first worlds fail
        self.tests_end(0)
        self.program("bin/umount", "")
        self.machine(free_gb=100, may_mount=True)

    def program(self, name, text):
        file = self.place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def tests_end(self, code):
        self.program("build/venv/bin/pytest",
                     f'echo "pytest $*" >> {self.place}/calls; exit {code}')

    def machine(self, free_gb, may_mount):
        self.program("bin/df", f"echo Avail; echo {free_gb}")
        self.program("bin/mount", "exit 0" if may_mount else "exit 32")

    def run(self, *arguments):
        """How it ended, and what was called."""
        path = f"{self.place}/bin:{os.environ['PATH']}"
        done = subprocess.run([self.place / "script/soak", *arguments], capture_output=True,
                              text=True, env={**os.environ, "PATH": path}, timeout=60)
        calls = self.place / "calls"
        return done, calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def soak(tmp_path):
    return Soak(tmp_path)


def in_order(calls, *patterns):
    assert len(calls) == len(patterns), calls
    for call, pattern in zip(calls, patterns):
        assert re.search(pattern, call), f"{pattern!r} is not in {call!r}"


def test_its_help_lists_every_kind_of_fault(soak):
    done, _ = soak.run("--help")
    listed = re.findall("(?m)^  ([a-z]+) +[a-z]", done.stdout)
    assert listed == [*KINDS]


@pytest.mark.parametrize("kinds", ["", "everything", "agents,", "agents,none"])
def test_an_unknown_fault_is_refused(soak, kinds):
    done, calls = soak.run(f"--faults={kinds}")
    assert (done.returncode, calls) == (2, [])
    assert "--faults" in done.stderr


def test_what_is_long_waits_for_who_has_the_time(soak):
    assert soak.run("--minutes=14")[1] == []
    in_order(soak.run("--minutes=89")[1], LIMITS + "-k idle_connections or enormous_line ")


def test_of_90_minutes_an_hour_is_without_a_server(soak):
    in_order(soak.run("--minutes=90")[1],
             LIMITS + "--log-megabytes=5000 -k .* or more_than_is_kept ",
             "--outage=3600 .*test_away.py$")


def test_a_log_of_5_gb_wants_12(soak):
    soak.machine(free_gb=11, may_mount=True)
    done, calls = soak.run("--minutes=90")
    assert "no log of 5 GB" in done.stderr and "11 GB" in done.stderr
    in_order(calls, LIMITS + "-k idle_connections or enormous_line ", "test_away")


def kills(soak, *arguments):
    """Of the turn of kills that follows one of worlds. It fails."""
    soak.program("built/muster_simulation_test", "sleep 1.1")
    soak.tests_end(1)
    return soak.run("--minutes=1", *arguments)


def test_faults_of_every_kind_unless_told(soak):
    in_order(kills(soak)[1], "--kills=25 --tasks=120 --runners=8 --faults=all .*test_kills.py$")


def test_faults_as_told(soak):
    in_order(kills(soak, "--faults", "agents,cut")[1], "--faults=agents,cut ")


def test_no_disk_is_full_where_none_can_be_mounted(soak):
    """Else the test of kills, which needs it then, would be skipped."""
    soak.machine(free_gb=100, may_mount=False)
    done, calls = kills(soak)
    in_order(calls, "--faults=agents,scaler,server,cut ")
    assert "none is full" in done.stderr


def test_a_full_disk_that_was_asked_for_and_cannot_be_is_an_error(soak):
    soak.machine(free_gb=100, may_mount=False)
    done, calls = kills(soak, "--faults=full")
    assert (done.returncode, calls) == (1, [])
    assert "cannot mount" in done.stderr
