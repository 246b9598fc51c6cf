"""Runners are drained and removed in a browser."""

import re

from playwright.sync_api import expect

from support.api import bearer
from support.pipeline import config, job


def test_a_runner_is_drained_and_removed(visitor, world, server, small):
    claimer = server.claimer(small, name="runner-1")
    world.submit(server, config(build=job("true")))
    attempt = claimer.claim()
    page = visitor.comes_to("/fleet/local/small").page
    row = page.get_by_role("row", name=re.compile("^runner-1"))
    row.get_by_text("busy", exact=True).wait_for()
    row.get_by_role("link", name=re.compile("^build · 1")).wait_for()
    row.get_by_role("button", name="Drain runner-1").click()
    question = page.get_by_role("dialog")
    assert question.evaluate("it => it.scrollWidth <= it.clientWidth"), "nothing of it is cut off"
    question.get_by_role("button", name="Keep it").click()
    expect(row.get_by_role("button", name="Drain runner-1")).to_be_focused()
    row.get_by_role("button", name="Drain runner-1").click()
    page.get_by_role("button", name="Drain runner", exact=True).click()
    row.get_by_text("draining", exact=True).wait_for()
    assert row.get_by_role("button").count() == 0, "it has a task yet"
    attempt.run()
    assert claimer.ask().status == 410
    row.get_by_role("button", name="Remove runner-1").click()
    page.get_by_role("button", name="Remove runner", exact=True).click()
    row.wait_for(state="detached")


def test_what_the_server_refuses_of_a_runner_is_told(visitor, server, small):
    server.claimer(small, name="runner-1").ask().expect(204)
    page = visitor.comes_to("/fleet").page
    page.route("**/runners/drain", lambda route: route.fulfill(status=409, json={"message": "not now"}))
    page.get_by_role("button", name="Drain runner-1").click()
    page.get_by_role("button", name="Drain runner", exact=True).click()
    page.get_by_role("dialog").get_by_role("alert").get_by_text("Not now.").wait_for()


def test_who_may_only_look_is_offered_no_change_of_a_runner(visitor, server, small):
    server.claimer(small, name="runner-1").ask().expect(204)
    token = server.api.post("/api/muster/v1/token", {
        "resource_class": "", "nickname": "guest", "role": "run"}).expect(201).json()["token"]
    visitor.visit("/fleet").sign_in(token)
    visitor.page.get_by_role("row", name=re.compile("^runner-1")).wait_for()
    assert visitor.page.get_by_role("button", name=re.compile("Drain|Remove")).count() == 0
    server.api.with_credential(bearer(token)).post("/api/muster/v1/runners/drain", {
        "resource_class": "local/small", "name": "runner-1"}).expect(403)
