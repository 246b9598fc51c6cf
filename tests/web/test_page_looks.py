"""How the page looks, on each kind of screen: kept as pictures in build/screenshots, and judged."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from support.pipeline import config, job
from support.waiting import SLOW, wait_until

SCREENS = {
    "light": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True},
}


def ago(seconds):
    return (datetime.now(timezone.utc) - timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


@pytest.fixture
def busy(world, server, small):
    """A fleet with something to see. The paths of its pages."""
    world.agent(server, small, name="runner-1")
    server.create_class("local/large")
    tests = ("seq 1 60 | sed 's/.*/\033[32mok\033[0m   & a test of this slice/'; "
             "if [ $CIRCLE_NODE_INDEX = 1 ]; then printf '\\033[1;31mFAIL\\033[0m 3 of 120\\n'; exit 1; fi")
    run = {"run": {"name": "Integration tests", "command": tests}}
    ended = world.submit(server, config(
        lint=job("echo fine"), build=job("seq 1 200"), test=job("echo fine", run, parallelism=3),
        publish=job("true", resource_class="local/large"), deploy=job("true"),
        requires={"test": ["lint", "build"], "publish": ["build"], "deploy": ["test", "publish"]}))
    wait_until(lambda: ended.jobs()["test"]["state"] == "failed", 60, "the end of the tests")
    queued = ended.jobs()["publish"]
    reasons = ["1 task waits and none is idle", "one instance boots, expected in 40 s", "at most 4 instances"]
    decision = {"desired": 1, "live": 1, "unclaimed": 1, "running": 1, "launch": 1, "drain": 0, "end": 0,
                "withdraw": 0, "reasons": reasons}
    server.api.put("/api/muster/v1/fleet", {"classes": [{
        "resource_class": "local/large", "desired": 2, "live": 3, "booting": 1, "idle": 0, "busy": 1,
        "draining": 1, "min": 0, "max": 4, "reasons": reasons, "limited_by": reasons[2],
        "booting_since": ago(20), "backoff_until": ago(-300), "price_per_hour": 0.25, "currency": "EUR",
        "decisions": [{**decision, "at": ago(60)}, {**decision, "at": ago(5), "desired": 2}]}]}).expect(204)
    pipeline = f"/pipelines/{ended.number}"
    return {"overview": "/", "fleet": "/fleet", "class": "/fleet/local/large",
            "pipelines": "/pipelines", "pipeline": pipeline,
            "job": f"{pipeline}/jobs/{ended.jobs()['test']['number']}?slice=1",
            "waiting": f"{pipeline}/jobs/{queued['number']}", "classes": "/classes", "audit": "/audit"}


@pytest.mark.parametrize("screen", SCREENS)
def test_each_page_on_each_screen(visitors, busy, screen):
    visitor = visitors(**SCREENS[screen])
    visitor.visit("/sign-in").page.get_by_label("Personal token").wait_for()
    faults = {"sign-in": visitor.violations()}
    visitor.shoot(f"{screen}-sign-in")
    visitor.comes_to("/fleet")
    for name, path in busy.items():
        visitor.visit(path).page.get_by_role("heading", level=1).wait_for()
        visitor.page.locator(".loading").first.wait_for(state="detached")
        if name == "job":
            visitor.sees("FAIL 3 of 120", exact=True)
        if name == "class":
            visitor.page.locator(".plot canvas").wait_for()
            visitor.sees("launches 1")
        visitor.shoot(f"{screen}-{name}")
        faults[name] = visitor.violations()
        if visitor.width_left_over() > 0:
            faults[name].append("it is wider than the screen")
    section = visitor.visit("/classes").page.get_by_role("region", name="local/small")
    section.get_by_label("Name of a new token").fill("of a picture")
    section.get_by_role("button", name="Create token").click()
    visitor.page.get_by_label("runner.yaml").wait_for()
    faults["token"] = visitor.violations()
    assert not any(faults.values()), json.dumps(faults, indent=1)


def test_the_first_paint_is_quick(visitor, small):
    """On loopback; three visits, the quickest: what a machine with other work adds is not the page's."""
    visitor.comes_to("/fleet")
    paints = []
    for _ in range(3):
        visitor.visit("/fleet").page.get_by_role("heading", name="Fleet").wait_for()
        paints.append(visitor.page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    print(f"first contentful paint after {paints} ms")
    assert min(paints) < 200 * SLOW


def test_dark_and_light_are_chosen_and_kept(visitors, small):
    visitor = visitors(color_scheme="light")
    page = visitor.comes_to("/fleet").page
    shade = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(shade)
    page.get_by_role("button", name="Make it dark").click()
    assert page.evaluate(shade) != light
    visitor.visit("/classes").page.get_by_role("button", name="Make it light").click()
    assert page.evaluate(shade) == light


def test_who_wants_no_motion_sees_none(visitors, world, server, small):
    visitor = visitors(reduced_motion="reduce")
    pipeline = world.submit(server, config(build=job("true")))
    server.claimer(small).claim()
    visitor.comes_to(f"/pipelines/{pipeline.number}")
    visitor.page.locator(".plane .turning").wait_for()
    assert visitor.page.evaluate("document.getAnimations().length") == 0


def test_with_the_keyboard_alone(visitor, world, server, small):
    pipeline = world.submit(server, config(build=job("true")))
    page = visitor.visit(f"/pipelines/{pipeline.number}").page
    page.get_by_label("Personal token").wait_for()
    page.keyboard.type(server.token)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=f"Pipeline {pipeline.number}").wait_for()
    focused = "document.activeElement.textContent + (document.activeElement.getAttribute('href') ?? '')"
    seen = []
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(focused))
        if "build" in seen[-1] and "/jobs/" in seen[-1]:
            break
    assert "/jobs/" in seen[-1], f"the job cannot be reached: {seen}"
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="build").wait_for()
    assert page.evaluate("document.activeElement.tagName") == "H1"
