"""docs/security.md names tests that are there."""

import re
from pathlib import Path

import pytest

from support.named import check_is_there, named_in

PAGE = (Path(__file__).parents[2] / "docs/security.md").read_text()


@pytest.mark.parametrize("row", re.findall(r"^\| .*\bto .*\|$", PAGE, re.MULTILINE))
def test_each_row_names_a_test(row):
    assert named_in(row.rsplit("|", 2)[1]), "which test shows it?"


@pytest.mark.parametrize(("file", "name"), named_in(PAGE))
def test_a_test_that_is_named_is_there(file, name):
    check_is_there(file, name)


def test_no_attempt_has_two_rows():
    attempts = re.findall(r"^\| (to .*?) \|", PAGE, re.MULTILINE)
    assert sorted(attempts) == sorted(set(attempts))
