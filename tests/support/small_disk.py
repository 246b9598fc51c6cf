"""A small file system, to be full."""

import os
import subprocess
from contextlib import contextmanager

import pytest


@contextmanager
def mounted(place, mebibytes=8):
    place.mkdir()
    if os.getuid() != 0:
        pytest.skip("only root can mount a small file system")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700", "none", place],
                          capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"cannot mount a small file system: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def leave(place, room):
    """Leaves about so many bytes free; the file to remove again."""
    path = place / "ballast"
    space = os.statvfs(place)
    with path.open("wb") as ballast:
        ballast.write(b"x" * (space.f_bavail * space.f_frsize - room))
    return path


def fill(place):
    """Leaves no block free; the file to remove again."""
    path = place / "ballast"
    with path.open("wb", buffering=0) as ballast:
        for size in (65536, 4096):
            try:
                while ballast.write(b"x" * size) > 0:
                    pass
            except OSError:
                pass
    return path
