"""Figures of the bench beside their aims."""

import runpy
from pathlib import Path

import pytest

ratio = runpy.run_path(str(Path(__file__).parents[2] / "bench/figures.py"))["ratio"]


@pytest.mark.parametrize("value, most, told", [
    (0.96002, 1, "0.960: met"),
    (0.9999999, 1, "1.000: met"),
    (1, 1, "1.000: met"),
    (1.00002, 1, "1.00002: **missed** by 0.002 %"),
    (1.0000004, 1, "1.0000004: **missed** by 0.00004 %"),
    (1.25, 1, "1.250: **missed** by 25 %"),
    (1.00002, 1.02, "1.00002: met"),
    (0.65004, 0.65, "0.65004: **missed** by 0.006 %"),
    (0.7, 0.65, "0.700: **missed** by 8 %"),
])
def test_no_ratio_above_its_aim_looks_as_if_it_met_it(value, most, told):
    assert ratio(value, most) == told
