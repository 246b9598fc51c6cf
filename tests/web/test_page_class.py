"""The page of a class: its chart, its cost, what was decided; and what the fleet says of it."""

import re
from datetime import datetime, timedelta, timezone

import pytest

from support.pipeline import config, job
from support.waiting import wait_until

HOSTILE = "<img src=x onerror=alert(1)>\u202egnp"


def at(seconds=0):
    """So many seconds from now."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def decision(seconds=0, desired=1, **changes):
    return {"at": at(seconds), "desired": desired, "live": 1, "unclaimed": 3, "running": 1, "launch": 0,
            "drain": 0, "end": 0, "withdraw": 0, "reasons": ["3 tasks wait"], **changes}


@pytest.fixture
def report(server, small):
    """Tells the server of local/small as a scaler does."""
    def put(**changes):
        fleet = {"resource_class": "local/small", "desired": 3, "live": 2, "booting": 1, "idle": 0, "busy": 1,
                 "draining": 0, "min": 0, "max": 4, "reasons": ["3 tasks wait"], **changes}
        server.api.put("/api/muster/v1/fleet", {"classes": [fleet]}).expect(204)
    return put


def is_drawn_in(colour):
    """Whether a line of this colour is on the canvas; the page's own drawing beside it is grey."""
    return f"""() => {{
      const canvas = document.querySelector('.plot canvas');
      if (!canvas) return false;
      const style = getComputedStyle(document.documentElement).getPropertyValue('{colour}').trim();
      const wanted = [1, 3, 5].map(at => parseInt(style.slice(at, at + 2), 16));
      const {{ data }} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] > 200 && wanted.every((part, index) => Math.abs(data[at + index] - part) < 3))
          return true;
      return false;
    }}"""


def test_the_chart_has_what_was_reported_and_goes_on_live(visitor, report):
    report()
    page = visitor.comes_to("/fleet").page
    page.get_by_role("link", name="local/small").click()
    page.get_by_role("img", name=re.compile("^Now the queue is 0; desired 3, actual 2, busy 1")).wait_for()
    legend = page.locator(".legend")
    legend.get_by_text("actual 2").wait_for()
    wait_until(lambda: (report(), page.evaluate(is_drawn_in("--good")))[1], 60, "a line that is drawn")
    report(live=4, busy=4)
    legend.get_by_text("actual 4").wait_for()
    page.get_by_text("As a table").click()
    page.get_by_role("region", name="History as a table").get_by_role("row").nth(1).wait_for()
    page.get_by_role("navigation", name="Span").get_by_role("link", name="week").click()
    visitor.sees("Cost of the last week")
    assert page.url.endswith("/fleet/local/small?span=week")
    visitor.visit("/fleet/local/small?span=day")
    visitor.sees("Cost of the last day")


def test_what_it_costs_is_told_in_money_if_a_price_is_known(visitor, report):
    report()
    visitor.comes_to("/fleet/local/small")
    visitor.sees("Instance-minutes per job")
    visitor.sees("price_per_hour")
    report(price_per_hour=3600, currency="EUR")
    cost = visitor.page.locator(".figure", has_text=re.compile("^Cost[0-9]"))

    def told():
        report(price_per_hour=3600, currency="EUR")
        return cost.count() == 1 and cost.inner_text().endswith("EUR")
    wait_until(told, 60, "a cost in money")


def test_the_decisions_are_told_the_newest_first(visitor, report):
    report(decisions=[decision(-100 + n, desired=n % 2 + 1, launch=n % 2, reasons=[f"reason {n}"])
                      for n in range(30)])
    page = visitor.comes_to("/fleet/local/small").page
    log = page.get_by_role("region", name="Decisions")
    items = log.get_by_role("listitem")
    items.nth(19).wait_for()
    assert items.count() == 20
    first = items.first.inner_text()
    assert "desired 1 → 2 · launches 1" in first and "reason 29 (3 wait, 1 run, 1 there)" in first
    log.get_by_role("button", name="More").click()
    items.nth(29).wait_for()
    assert "reason 0" in items.last.inner_text()
    log.get_by_role("button", name="More").wait_for(state="detached")

    report(decisions=[decision(desired=4, launch=2, reasons=[HOSTILE])])
    items.first.get_by_text("<img src=x").wait_for()
    assert items.count() == 31, "the older ones stay"
    assert page.locator("#page img").count() == 0 and "\u202e" not in log.inner_text()


def test_what_holds_a_class_up_is_told_in_the_fleet_and_where_a_job_waits(visitor, world, server, report):
    pipeline = world.submit(server, config(build=job("true")))
    report(booting_since=at(-40), backoff_until=at(600), limited_by="at most 4 instances",
           reasons=["3 tasks wait", "at most 4 instances"])
    page = visitor.comes_to("/fleet").page
    path = f"/pipelines/{pipeline.number}/jobs/{pipeline.jobs()['build']['number']}"
    for place, of_the_scaler in (("/fleet", "3 tasks wait"), (path, "The scaler says: 3 tasks wait.")):
        visitor.visit(place)
        visitor.sees(re.compile(r"^1 instance is booting, for (\d+ s|1 min) so far\.$"))
        visitor.sees("Limit in force (at most 4): at most 4 instances.")
        visitor.sees(re.compile(r"^Back-off after failed boots: none is launched for another \d min\.$"))
        visitor.sees(of_the_scaler, exact=True)
    assert page.get_by_text("at most 4 instances").count() == 1, "it is said once"


def test_a_class_that_is_not_there_leads_on(visitor, small):
    page = visitor.comes_to("/fleet/local/nothing").page
    visitor.sees("There is no such class.")
    page.get_by_role("navigation", name="Where this is").get_by_role("link", name="Fleet").click()
    page.get_by_role("region", name="local/small").wait_for()
