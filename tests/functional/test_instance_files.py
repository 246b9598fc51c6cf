"""What is in deploy/instance, by the tools that know such files best."""

import subprocess

import pytest

from conftest import ROOT

INSTANCE = ROOT / "deploy/instance"
UNITS = sorted(unit.name for unit in (INSTANCE / "units").iterdir())


def said(*command):
    done = subprocess.run(command, text=True, capture_output=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_the_boot_script_is_one_that_shellcheck_likes():
    assert said("bash", "-n", INSTANCE / "boot") == (0, "")
    assert said("shellcheck", INSTANCE / "boot") == (0, "")


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_one_that_systemd_understands(tmp_path, name):
    """Its programs are on an instance, and not here."""
    text = (INSTANCE / "units" / name).read_text().replace("/opt/muster/bin/muster", "/bin/true")
    (tmp_path / name).write_text(text)
    assert said("systemd-analyze", "verify", "--man=no", tmp_path / name) == (0, "")


def test_the_watch_asks_for_the_unit_that_is_there():
    watch = (INSTANCE / "units/muster-watch.service").read_text()
    assert watch.split("ExecStart=")[1].split("\n")[0].split()[-1] in UNITS
