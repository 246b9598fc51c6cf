"""What is in deploy/instance, by the tools that know such files best."""

import shutil
import subprocess
from pathlib import Path

import pytest

from support.root import ROOT


INSTANCE = ROOT / "deploy/instance"
UNITS = sorted(unit.name for unit in (INSTANCE / "units").iterdir())


def said(*command):
    done = subprocess.run(command, text=True, capture_output=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_the_boot_script_is_one_that_shellcheck_likes():
    assert said("bash", "-n", INSTANCE / "boot") == (0, "")
    assert said("shellcheck", INSTANCE / "boot") == (0, "")


@pytest.mark.parametrize("setup, life", (
    ("150.0", "600"), ("many", "600"), ("-5", "600"), ("", "600"), ("150", "1e3"), ("150", "")))
def test_a_boot_without_a_whole_number_of_seconds_fails_with_its_reason(tmp_path, setup, life):
    """It would go on without the setup script. This machine is no instance: it gets no further."""
    assert not Path("/etc/muster/instance.yaml").exists()
    (tmp_path / "bin").mkdir()
    shutil.copy(INSTANCE / "boot", tmp_path)
    release = tmp_path / "bin/muster"
    release.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/released\n')
    release.chmod(0o755)
    code, text = said("bash", tmp_path / "boot", setup, life)
    assert code == 1, text
    if setup and life:
        wrong = setup if life == "600" else life
        assert (tmp_path / "released").read_text().splitlines() == [
            "instance", "release", "--reason", "boot: its times: "
            f"'{wrong}' is no whole number of seconds; deploy the stack again"]
    else:
        assert f"seconds for the {'life of the instance' if setup else 'setup script'} are missing" in text


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_one_that_systemd_understands(tmp_path, name):
    """Its programs are on an instance, and not here."""
    text = (INSTANCE / "units" / name).read_text().replace("/opt/muster/bin/muster", "/bin/true")
    (tmp_path / name).write_text(text)
    assert said("systemd-analyze", "verify", "--man=no", tmp_path / name) == (0, "")


def test_the_runner_leaves_no_core_file():
    assert "\nLimitCORE=0\n" in (INSTANCE / "units/muster-runner.service").read_text()


def test_the_watch_asks_for_the_unit_that_is_there():
    watch = (INSTANCE / "units/muster-watch.service").read_text()
    assert watch.split("ExecStart=")[1].split("\n")[0].split()[-1] in UNITS
