"""docs/metrics.md has each metric, as the code has it."""

import re
from pathlib import Path

import pytest

from support.defined_metrics import defined_metrics, sources

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/metrics.md").read_text()
ROWS = re.findall(r"^\| `(\w+)` \| (counter|gauge|histogram) \|(.*?)\|(.*?)\|$", PAGE, re.MULTILINE)
CODE = defined_metrics()


def test_all_definitions_are_seen():
    declared = sum(file.read_text().count("constexpr Definition k") for file in sources())
    assert len(CODE) == declared > 20


def test_the_page_has_each_metric_once():
    assert sorted(name for name, *_ in ROWS) == sorted(CODE)


@pytest.mark.parametrize(("name", "kind", "labels"), [row[:3] for row in ROWS],
                         ids=[row[0] for row in ROWS])
def test_a_row_is_as_the_code_has_it(name, kind, labels):
    assert (kind, re.findall(r"`(\w+)`", labels)) == CODE[name]


@pytest.mark.parametrize("name", sorted(CODE))
def test_a_name_is_as_prometheus_wants_it(name):
    kind, labels = CODE[name]
    assert name.endswith("_total") == (kind == "counter")
    assert not re.search(r"_(ms|millis|milliseconds|kib|mib|minutes|hours)(_|$)", name)
    assert re.match(r"(muster_(server|scaler|agent|build|metrics)|process)_", name)
    assert not {"task", "runner", "instance", "pipeline", "path"} & set(labels)
