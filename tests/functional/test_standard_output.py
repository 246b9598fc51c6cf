"""What is printed and cannot be written is no success; a reader that has read enough is no trouble."""

import json
import subprocess

import pytest

TRACE = "resource_class,queued_at,duration\nacme/linux,0,60\n"
CONFIG = json.dumps({
    "command": {"program": ["./none"]}, "state_directory": "scaler",
    "resource_classes": {"acme/linux": {"max": 3, "command": {"program": ["./none"]}}}})

COMMANDS = {
    "help": ["--help"],
    "version": ["--version"],
    "manual": ["man"],
    "completion": ["completion", "bash"],
    "simulate": ["simulate", "trace.csv"],
    "simulate --json": ["simulate", "trace.csv", "--json"],
    "doctor": ["doctor", "--config", "muster.yaml"],
}


@pytest.fixture
def muster(binary, tmp_path):
    (tmp_path / "trace.csv").write_text(TRACE)
    (tmp_path / "muster.yaml").write_text(CONFIG)

    def run(arguments, stdout):
        return subprocess.run([binary, *arguments], cwd=tmp_path, stdout=stdout, text=True,
                              stderr=subprocess.PIPE, timeout=60, env={"PATH": "/usr/bin"})
    return run


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_behind_standard_output(muster, name):
    with open("/dev/full", "w") as full:
        done = muster(COMMANDS[name], full)
    assert done.returncode == 5, done.stderr
    told = "muster: cannot write to standard output: No space left on device\n"
    assert done.stderr.endswith(told) and done.stderr.count(told) == 1


def test_a_reader_that_has_gone(muster):
    with subprocess.Popen(["true"], stdin=subprocess.PIPE) as gone:
        gone.wait()
        done = muster(["man"], gone.stdin)
        gone.stdin = None
    assert (done.returncode, done.stderr) == (0, "")
