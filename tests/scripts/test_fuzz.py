"""script/fuzz: what it refuses, and that each target has what it needs. It does not search here."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests/fuzz"
TARGETS = sorted(path.name.removesuffix("_fuzz.cpp") for path in KEPT.glob("*_fuzz.cpp"))


def fuzz(*arguments):
    return subprocess.run([ROOT / "script/fuzz", *arguments], text=True, capture_output=True)


def test_a_target_that_is_not_there_is_refused():
    done = fuzz("--minutes", "1", "nowhere")
    assert done.returncode == 2 and "\"nowhere\"" in done.stderr
    assert all(target in done.stderr for target in TARGETS)


@pytest.mark.parametrize("minutes", ["0", "-1", "soon", ""])
def test_minutes_that_are_none_are_refused(minutes):
    done = fuzz(f"--minutes={minutes}", TARGETS[0])
    assert done.returncode == 2 and "--minutes wants a number" in done.stderr


def test_minutes_without_a_number_are_refused():
    assert fuzz("--minutes").returncode == 2


def test_the_targets_are_those_that_are_declared():
    declared = re.findall(r"^muster_fuzz\((\w+) ", (ROOT / "CMakeLists.txt").read_text(),
                          re.MULTILINE)
    assert declared == TARGETS, "declare it in CMakeLists.txt, in the order of the names"


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_has_seeds_words_and_what_a_search_has_found(target):
    assert any((KEPT / "seeds" / target).iterdir()), "write an input for each of its forms"
    assert (KEPT / "dictionaries" / target).read_text().strip()
    assert any((KEPT / "corpus" / target).iterdir()), f"run script/fuzz {target}, and keep its corpus"


def test_what_is_kept_stays_small():
    size = sum(path.stat().st_size for path in KEPT.rglob("*") if path.is_file())
    assert size < 1 << 20, "keep fewer or smaller inputs below tests/fuzz/corpus"
