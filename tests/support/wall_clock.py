"""A wall clock that can be set, of the programs of a world; the monotonic one goes on as it does.

It is Debian's libfaketime, preloaded. The offset is in a file, which is read anew at each question.
"""

import os
from pathlib import Path

import pytest

LIBRARIES = (*Path("/usr/lib").glob("*-linux-gnu/faketime/libfaketime.so.1"),
             *Path("/usr/lib").glob("*-linux-gnu/faketime/libfaketimeMT.so.1"))


class WallClock:
    def __init__(self, world):
        """Of what the world starts from now on. What those start themselves has the machine's."""
        if not LIBRARIES:
            pytest.skip("needs Debian's libfaketime; script/install test")
        self.file = world.place / "wall-clock"
        self.set_off(0)
        world.variables = {
            "LD_PRELOAD": str(LIBRARIES[-1]), "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # A sanitizer's library wants to be the first one; only those it is told of may precede.
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def set_off(self, seconds):
        """From the machine's clock, forward or back."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.rename(self.file)
