"""Prometheus' own judge of names, types, helps, rules and their tests."""

import functools
import subprocess
from pathlib import Path


@functools.cache
def promtool():
    return subprocess.run([Path(__file__).parent / "promtool"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def run(*arguments, **options):
    """What it prints; it must find nothing wrong."""
    done = subprocess.run([promtool(), *map(str, arguments)], text=True, capture_output=True,
                          **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def check_metrics(text):
    assert run("check", "metrics", input=text) == "", "it finds something to mend"
