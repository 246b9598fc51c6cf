"""docs/scaling.md names tests that are there, and each rule the scenarios that show it."""

import re
from pathlib import Path

import pytest

from support.named import check_is_there, named_in

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/scaling.md").read_text()
LINK = re.compile(r"\[`([a-z-]+)`\]\(#what-has-hurt-others\)")
SCENARIOS = re.findall(r"^\| `([a-z-]+)` \| \d+, ", PAGE, re.MULTILINE)
RULES = re.search(r"(?s)## What decide\(\) does.*?\n### ", PAGE)[0]
PICTURE = (ROOT / "docs/decision.svg").read_text()


def test_the_cases_that_are_not_about_deciding_are_all_there():
    assert re.findall(r"^\| (\d+), [^|]+\|[^|]+\| `", PAGE, re.MULTILINE) == [
        "17", "18", "19", "20"]


@pytest.mark.parametrize(("file", "name"), named_in(PAGE))
def test_a_test_that_is_named_is_there(file, name):
    check_is_there(file, name)


def test_each_scenario_is_linked_and_no_other():
    assert len(SCENARIOS) == len(set(SCENARIOS)) >= 16
    assert set(LINK.findall(PAGE)) == set(SCENARIOS)


def test_the_picture_has_the_rules_of_the_text_in_its_order_and_with_its_scenarios():
    text = [(number, name, LINK.findall(rest)) for number, name, rest in re.findall(
        r"(?ms)^(\d+)\. \*\*(.*?)\.?\*\*(.*?)(?=^\d+\. |^### )", RULES)]
    cells = re.findall(r'class="(number|name|scenario)"[^>]*>([^<]+)<', PICTURE)
    picture = []
    for kind, words in cells[cells.index(("number", "1")):]:
        if kind == "number":
            picture.append((words, []))
        elif kind == "name" and len(picture[-1]) == 2:
            picture[-1] = picture[-1][0], words, []
        elif kind == "scenario" and "right:" not in words:
            picture[-1][2].extend(words.split(", "))
    assert picture == text and len(text) == 12
