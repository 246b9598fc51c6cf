"""docs/scaling.md names tests that are there, and each rule the scenarios that show it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/scaling.md").read_text()
LINK = re.compile(r"\[`([a-z-]+)`\]\(#what-has-hurt-others\)")
SCENARIOS = re.findall(r"^\| `([a-z-]+)` \| \d+, ", PAGE, re.MULTILINE)
NAMED = re.findall(r"`(\w+\.(?:cpp|py))`: `([\w.]+)`", PAGE)


def test_the_cases_that_are_not_about_deciding_are_all_there():
    assert re.findall(r"^\| (\d+), [^|]+\|[^|]+\| `", PAGE, re.MULTILINE) == [
        "17", "18", "19", "20", "21"]


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_is_there(file, name):
    folder = "src" if file.endswith(".cpp") else "tests"
    [path] = (ROOT / folder).glob(f"**/{file}")
    declared = rf"^TEST(_F|_P)?\({name.replace('.', ', ')}\)" if folder == "src" else (
        rf"^def {name}\(")
    assert re.search(declared, path.read_text(), re.MULTILINE), f"name it as it is in {path}"


def test_each_scenario_is_linked_and_no_other():
    assert len(SCENARIOS) == len(set(SCENARIOS)) >= 16
    assert set(LINK.findall(PAGE)) == set(SCENARIOS)
