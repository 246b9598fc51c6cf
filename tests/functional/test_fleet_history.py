"""What a fleet was, what was decided about it, and what it cost."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from support.api import bearer
from support.pipeline import config, job
from support.session import token_of_role
from support.waiting import wait_until

HISTORY = "/api/muster/v1/fleet/history"
DECISIONS = "/api/muster/v1/fleet/decisions"
FLEET = "/api/muster/v1/fleet"
CLASS = {"resource-class": "local/small"}
STEPS = {"hour": 10_000, "day": 300_000, "week": 1_800_000, "month": 1_800_000}


def priced(world, server, token, **policy):
    """A scaler's configuration with a price that can be seen in seconds."""
    file = world.scaler_config(server, {"local/small": (token, {
        "max": 2, "price_per_hour": 3600, **policy})})
    settings = json.loads(file.read_text())
    settings["currency"] = "EUR"
    file.write_text(json.dumps(settings))
    return file


def history(server, span="hour"):
    return server.api.get(HISTORY, **CLASS, span=span).expect(200).json()


def decisions(server, **query):
    return server.api.get(DECISIONS, **CLASS, **query).expect(200).json()["items"]


def report(**members):
    fleet = {"resource_class": "local/small", "desired": 0, "live": 0, "booting": 0, "idle": 0,
             "busy": 0, "draining": 0, "min": 0, "max": 2, "reasons": []}
    return {"classes": [{**fleet, **members}]}


def decided(number, **members):
    at = datetime.now(timezone.utc) + timedelta(seconds=number)
    return {"at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "desired": number, "live": 0, "unclaimed": 0,
            "running": 0, "launch": 0, "drain": 0, "end": 0, "withdraw": 0, "reasons": ["so"],
            **members}


def test_a_fleet_that_worked_has_a_history_and_a_cost(world, server, small):
    world.scaler(priced(world, server, small))
    assert world.submit(server, config(build=job("sleep 3", parallelism=2))).wait()[
        "state"] == "success"

    def ended():
        (status,) = server.api.get(FLEET).expect(200).json()["classes"]
        return "fleet" in status and status["fleet"]["live"] == 0
    wait_until(ended, 60, "a fleet of zero")
    for span, step in STEPS.items():
        told = history(server, span)
        assert (told["resource_class"], told["span"], told["step_ms"]) == ("local/small", span, step)
        assert max(point["live"] for point in told["points"]) in (1, 2)
        assert max(point["desired"] for point in told["points"]) == 2
        totals = told["totals"]
        assert totals["tasks"] == 2
        assert totals["instance_ms"] >= totals["busy_ms"] + totals["idle_ms"] + totals["booting_ms"]
        assert totals["busy_ms"] > 2_000
        assert totals["currency"] == "EUR"
        # 3600 an hour is one a second.
        assert totals["cost"] == pytest.approx(totals["instance_ms"] / 1000, rel=0.01)


def test_what_was_decided_is_told_in_words(world, server, small):
    world.scaler(priced(world, server, small))
    world.submit(server, config(build=job("true"))).wait()

    def launched():
        return [one for one in decisions(server) if one["launch"] > 0]
    (launch,) = wait_until(launched, 60, "the decision to launch")
    assert launch["unclaimed"] == 1 and launch["desired"] == 1
    assert any("launch 1" in reason for reason in launch["reasons"])
    ids = [one["id"] for one in decisions(server)]
    assert ids == sorted(ids, reverse=True)
    times = [one["at"] for one in decisions(server)]
    assert times == sorted(times, reverse=True)
    (newest,) = decisions(server, limit=1)
    older = decisions(server, before=newest["id"])
    assert newest["id"] not in [one["id"] for one in older]


def test_the_fleet_says_what_holds_it_and_what_it_costs(world, server, small):
    world.scaler(priced(world, server, small, max=1))
    world.submit(server, config(build=job("sleep 60", parallelism=3)))

    def limited():
        (status,) = server.api.get(FLEET).expect(200).json()["classes"]
        fleet = status.get("fleet", {})
        return fleet if "limited_by" in fleet else None
    fleet = wait_until(limited, 60, "the limit to be told")
    assert fleet["limited_by"] in fleet["reasons"]
    assert "at most 1 may be live" in fleet["limited_by"]
    assert (fleet["price_per_hour"], fleet["currency"]) == (3600, "EUR")
    assert "decisions" not in fleet


def test_a_restart_keeps_the_history(world, server, small):
    scaler = world.scaler(priced(world, server, small))
    world.submit(server, config(build=job("sleep 2"))).wait()
    wait_until(lambda: [one for one in decisions(server) if one["launch"]], 60, "a launch")
    scaler.stop()
    before, log = history(server, "month")["totals"], decisions(server)
    server.restart()
    after = history(server, "month")["totals"]
    assert after["tasks"] == before["tasks"] == 1
    assert after["instance_ms"] >= before["instance_ms"] > 0
    assert after["cost"] >= before["cost"]
    assert [one["id"] for one in decisions(server)] == [one["id"] for one in log]


def test_a_crash_loses_seconds_alone(server, small):
    """It is written every ten seconds."""
    server.api.put(FLEET, report(live=2, busy=2, decisions=[decided(1)])).expect(204)
    wait_until(lambda: history(server)["totals"]["instance_ms"] > 30_000, 60, "time to pass")
    server.kill()
    server.start()
    assert history(server)["totals"]["instance_ms"] > 0
    assert [one["desired"] for one in decisions(server)] == [1]


def test_a_report_that_comes_twice_is_one(server, small):
    body = report(live=1, decisions=[decided(1), decided(2)])
    server.api.put(FLEET, body).expect(204)
    server.api.put(FLEET, body).expect(204)
    assert [one["desired"] for one in decisions(server)] == [2, 1]


def test_a_class_takes_its_history_with_it(server, small):
    server.api.put(FLEET, report(live=1, decisions=[decided(1)])).expect(204)
    assert history(server)["points"] and decisions(server)
    (item,) = server.api.get("/api/v3/runner/resource", namespace="local").json()["items"]
    server.api.delete(f"/api/v3/runner/resource/{item['id']}/force").expect(200)
    for path in HISTORY, DECISIONS:
        assert server.api.get(path, **CLASS).expect(404).message == "resource class not found"
    server.create_class()
    assert not history(server)["points"] and not decisions(server)
    assert history(server)["totals"] == {
        "instance_ms": 0, "booting_ms": 0, "idle_ms": 0, "busy_ms": 0, "tasks": 0}


@pytest.mark.parametrize("role", ["read", "run"])
def test_who_may_read_sees_it(server, small, role):
    server.api.put(FLEET, report(live=1, decisions=[decided(1)])).expect(204)
    api = server.api.with_credential(bearer(token_of_role(server, role)["token"]))
    assert api.get(HISTORY, **CLASS).expect(200).json()["span"] == "hour"
    assert len(api.get(DECISIONS, **CLASS).expect(200).json()["items"]) == 1
    nobody = server.api.with_credential(bearer("mup_" + "0" * 64))
    for path in HISTORY, DECISIONS:
        nobody.get(path, **CLASS).expect(401)
        api.get(path, **{"resource-class": "local/none"}).expect(404)
        api.get(path).expect(400)


@pytest.mark.parametrize(("path", "query", "words"), [
    (HISTORY, {"span": "year"}, "span is one of hour, day, week, month"),
    (HISTORY, {"span": ""}, "span is one of hour, day, week, month"),
    (DECISIONS, {"before": "x"}, "before is the id of an item"),
])
def test_what_cannot_be_asked(server, small, path, query, words):
    assert server.api.get(path, **CLASS, **query).expect(400).message == words


@pytest.mark.parametrize(("members", "words"), [
    ({"price_per_hour": -1}, "price_per_hour is from 0 to 10000"),
    ({"price_per_hour": 10_000.01}, "price_per_hour is from 0 to 10000"),
    ({"price_per_hour": "1"}, "price_per_hour: expected a number"),
    ({"currency": "EUROPOUND"}, "currency has at most 8 bytes"),
    ({"decisions": [{**decided(n), "reasons": []} for n in range(51)]},
     "decisions of a class are at most 50 in one report"),
])
def test_a_report_that_is_refused_changes_nothing(server, small, members, words):
    assert words in server.api.put(FLEET, report(live=1, **members)).expect(400).message
    assert not history(server)["points"] and not decisions(server)
    (status,) = server.api.get(FLEET).json()["classes"]
    assert "fleet" not in status


def test_at_most_a_hundred_decisions_at_once(server, small):
    for first in range(0, 150, 50):
        body = report(decisions=[decided(n) for n in range(first, first + 50)])
        server.api.put(FLEET, body).expect(204)
    assert len(decisions(server)) == len(decisions(server, limit=1000)) == 100
    assert len(decisions(server, limit=0)) == 1
    assert len(decisions(server, before=decisions(server)[-1]["id"])) == 50


def test_a_class_that_is_not_there_hides_no_other(server, small):
    counts = {"desired": 1, "live": 1, "booting": 0, "idle": 0, "busy": 1, "draining": 0, "min": 0, "max": 1,
              "reasons": ["a reason"]}
    server.api.request("PUT", FLEET, {"classes": [
        {"resource_class": name, **counts} for name in ("local/none", "local/small")]}).expect(204)
    (status,) = server.api.get(FLEET).expect(200).json()["classes"]
    assert status["fleet"]["reasons"] == ["a reason"]
