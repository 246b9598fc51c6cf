"""script/check-includes refuses what the architecture forbids: each rule broken once."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "script" / "check-includes"

DECLARED = """
muster_module(low LIBRARIES sqlite)
muster_module(middle USES low)
muster_module(high USES middle)  # and low, through middle
muster_module(cli USES high)
"""

FILES = {
    "src/low/low.hpp": "#pragma once\n",
    "src/low/low.cpp": '#include "low/low.hpp"\n#include <sqlite3.h>\n',
    "src/middle/middle.cpp": '#include "low/low.hpp"\n',
    "src/high/high.cpp": '#include "low/low.hpp"\n',
    "src/main.cpp": '#include "low/low.hpp"\n',
}


def check(place, declared=DECLARED, **changed):
    (place / "CMakeLists.txt").write_text(declared)
    for name, text in {**FILES, **changed.get("files", {})}.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return subprocess.run([SCRIPT, place], capture_output=True, text=True)


def test_what_is_declared_passes(tmp_path):
    result = check(tmp_path)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("files, complaint", [
    ({"src/low/up.cpp": '\n#include "high/x.hpp"\n'},
     "src/low/up.cpp:2: low does not use high"),
    ({"src/low/heavy.hpp": "#include <sqlite3.h>\n",
      "src/middle/x.cpp": '#include "low/heavy.hpp"\n'},
     "src/low/heavy.hpp:1: middle does not list the library sqlite, "
     "included through src/middle/x.cpp"),
    ({"src/middle/sneaky.cpp": "#include <sqlite3.h>\n"},
     "src/middle/sneaky.cpp:1: middle does not list the library sqlite"),
    ({"src/low/heavy.hpp": "#include <sqlite3.h>\n",
      **{f"src/low/{n}.cpp": '#include "low/heavy.hpp"\n' for n in "ab"}},
     "sqlite is slow to compile"),
    ({f"src/low/{n}.cpp": "#include <sqlite3.h>\n" for n in "ab"},
     "sqlite is slow to compile"),
    ({"src/stray/x.cpp": ""}, "src/stray is no module"),
    ({"docs/architecture.md": "graph TD\n  middle --> low\n  high --> low & middle\n```"},
     "docs/architecture.md: the diagram shows high using low & middle, and CMakeLists.txt "
     "declares middle"),
])
def test_a_planted_violation_is_refused(tmp_path, files, complaint):
    result = check(tmp_path, files=files)
    assert result.returncode == 1
    assert complaint in result.stdout


def test_a_cycle_is_refused(tmp_path):
    result = check(tmp_path, DECLARED + "muster_module(a USES b)\nmuster_module(b USES a)\n")
    assert result.returncode == 1
    assert "a -> b -> a" in result.stdout


def test_tests_of_a_module_do_not_count_as_heavy_files(tmp_path):
    files = {f"src/low/{n}.cpp": "#include <sqlite3.h>\n"
             for n in ("a_test", "b_test", "c_for_tests")}
    assert check(tmp_path, files=files).returncode == 0


def test_this_repository_keeps_to_its_architecture():
    result = subprocess.run([SCRIPT], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
