"""deploy/observability: alert rules that fire when they should, and a dashboard of what there is."""

import json
import re
from pathlib import Path

import pytest
import yaml

from support import promtool
from support.defined_metrics import defined_metrics

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "deploy/observability"
RULES = [rule for group in yaml.safe_load((PLACE / "alerts.yml").read_text())["groups"]
         for rule in group["rules"]]
DASHBOARD = json.loads((PLACE / "dashboard.json").read_text())
CODE = defined_metrics()
PAGE = (ROOT / "docs/metrics.md").read_text()
NAME = re.compile(r"\b(?:muster|process)_[a-z0-9_]+\b")
MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"')


def panels():
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def queries():
    """(where, expression) of rules and panels."""
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)
    yield from ((panel["title"], target["expr"]) for panel in panels()
                for target in panel["targets"])


def metric_of(series):
    """The metric that a series is of: those of a histogram have an ending."""
    base = re.sub(r"_(bucket|sum|count)$", "", series)
    return base if CODE.get(base, ("",))[0] == "histogram" else series


def test_the_rules_are_sound():
    promtool.run("check", "rules", PLACE / "alerts.yml")
    promtool.run("check", "config", "--syntax-only", PLACE / "prometheus.yml")


def test_the_rules_fire_when_they_should():
    promtool.run("test", "rules", "alerts_test.yml", cwd=PLACE)


def test_each_alert_is_tested_to_fire():
    cases = yaml.safe_load((PLACE / "alerts_test.yml").read_text())["tests"]
    fired = {check["alertname"] for case in cases for check in case["alert_rule_test"]
             if check.get("exp_alerts")}
    assert fired == {rule["alert"] for rule in RULES}


@pytest.mark.parametrize("where_and_expression", queries(), ids=lambda query: query[0])
def test_all_that_is_asked_for_is_there(where_and_expression):
    _, expression = where_and_expression
    asked = {metric_of(series) for series in NAME.findall(expression)}
    missing = asked - {*CODE}
    assert not missing and (asked or "up{" in expression)
    known = {label for metric in asked for label in CODE[metric][1]}
    assert {*MATCHER.findall(expression)} <= known | {"job"}


def test_each_alert_has_a_row():
    rows = re.findall(r"^\| `(Muster\w+)` \|", PAGE, re.MULTILINE)
    assert rows == [rule["alert"] for rule in RULES]


def test_the_dashboard_is_whole():
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, f"{panel['title']} lies over another"
        taken |= cells
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD))) - {"__rate_interval", "__range",
                                                                   "__all"}
    assert used == variables


def test_the_example_scrapes_the_jobs_that_the_rules_name():
    jobs = {scrape["job_name"] for scrape in
            yaml.safe_load((PLACE / "prometheus.yml").read_text())["scrape_configs"]}
    named = {job for rule in RULES for job in re.findall(r'job="([^"]+)"', rule["expr"])}
    assert named <= jobs
