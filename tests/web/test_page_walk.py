"""A walk through the page: from nothing to a green job, and what goes wrong on the way."""

import json
import re
from urllib.parse import quote

import pytest

from support.pipeline import config, job

SESSION = "**/api/muster/v1/session"


@pytest.fixture
def gate(world):
    """A job that waits for it is held until it is opened."""
    path = world.place / "gate"
    return path, f"until [ -e {path} ]; do sleep 0.1; done"


def test_who_is_not_signed_in_comes_back_to_the_page_after_it(visitor, small):
    page = visitor.visit("/classes").page
    visitor.sign_in("mup_wrong")
    page.get_by_role("alert").wait_for()
    assert page.url.endswith("/sign-in?next=%2Fclasses")
    visitor.sign_in()
    page.get_by_role("heading", name="Resource classes").wait_for()
    assert page.url == f"{visitor.server.url}/classes"
    assert page.evaluate("document.cookie") == "", "no script can read who is signed in"
    assert page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)") == "{}{}"

    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Personal token").wait_for()
    visitor.visit("/fleet").page.get_by_label("Personal token").wait_for()


@pytest.mark.parametrize("place", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example"])
def test_after_signing_in_nobody_is_led_elsewhere(visitor, place):
    visitor.visit(f"/sign-in?next={quote(place, safe='')}").sign_in()
    visitor.page.get_by_role("heading", name="Overview").wait_for()
    assert visitor.page.url == f"{visitor.server.url}/"


def test_a_link_that_does_not_sign_in_says_so_and_leaves_no_trace(visitor):
    sent = []

    def refuse(route):
        if route.request.method != "POST":
            return route.continue_()
        sent.append((route.request.post_data_json, route.request.headers.get("muster-request")))
        return route.fulfill(status=401, json={"message": "This link has been used."})
    visitor.page.route(SESSION, refuse)
    visitor.visit("/sign-in#code=0123")
    assert sent == [], "nobody is signed in unasked"
    visitor.page.get_by_role("button", name="Sign in with this link").click()
    visitor.sees("This link has been used.")
    assert sent == [({"code": "0123"}, "1")]
    assert visitor.page.url == f"{visitor.server.url}/sign-in"


def test_a_link_signs_in_who_wants_it(visitor, server):
    code = server.api.post("/api/muster/v1/sign-in-code").expect(201).json()["code"]
    page = visitor.visit(f"/sign-in#code={code}").page
    page.get_by_role("button", name="Sign in with this link").click()
    page.get_by_role("button", name="Sign out").wait_for()
    page.get_by_role("heading", name="Overview").wait_for()


def test_an_expired_session_asks_again_and_goes_on(visitor, world, server, small):
    pipeline = world.submit(server, config(build=job("true")))
    page = visitor.comes_to(f"/pipelines/{pipeline.number}").page
    visitor.state("running")
    visitor.end_session()
    server.claimer(small).claim().run()  # it is news, which the page is not told any more
    page.get_by_label("Personal token").wait_for()
    visitor.sign_in()
    page.get_by_role("heading", name=f"Pipeline {pipeline.number}").wait_for()
    visitor.state("success")


def make_class(page, name):
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create class").click()
    return page.get_by_role("region", name=name)


def make_token(page, section, name):
    """What the agent is to read."""
    section.get_by_label("Name of a new token").fill(name)
    section.get_by_role("button", name="Create token").click()
    return page.get_by_label("runner.yaml").inner_text()


def test_from_nothing_to_green(visitor, world, server, gate):
    page = visitor.comes_to("/").page
    visitor.sees("There is no resource class yet.")
    page.get_by_role("link", name="Create a class").click()
    settings = make_token(page, make_class(page, "local/small"), "first runner")
    page.get_by_role("button", name="I have kept it").click()
    assert "muc_" not in page.content(), "it is shown once"

    file = world.place / "runner.yaml"
    file.touch(mode=0o600)
    file.write_text(settings)
    path, wait = gate
    repository = world.repository(config(build=job("echo first", f"{wait}; echo second")))
    world.start("run", "run", repository.directory, "--server", server.url, "--token-file",
                server.data / "token")

    page.get_by_role("link", name="Pipelines").click()
    page.get_by_role("link", name="Pipeline 1", exact=True).click()
    page.get_by_role("link", name=re.compile("^build.*queued")).click()
    visitor.sees("No runner of local/small is connected.")
    world.start("agent", "agent", "--config", file)
    visitor.state("running")
    page.get_by_role("button", expanded=True, name=re.compile("^running until")).wait_for()
    assert not page.get_by_text("second", exact=True).is_visible()
    path.touch()
    visitor.sees("second", exact=True)
    visitor.state("success")
    page.get_by_role("button", name=re.compile("first")).click()
    visitor.sees("first", exact=True)

    page.get_by_role("link", name="Fleet").click()
    page.get_by_role("row", name=re.compile("idle")).wait_for()


def test_what_failed_is_run_again(visitor, world, server, small):
    pipeline = world.submit(server, config(good=job("true"), flaky=job("true")))
    claimer = server.claimer(small)
    for _ in range(2):
        attempt = claimer.claim()
        attempt.finish("failed" if attempt.task["job"]["name"] == "flaky" else "success").expect(204)
    page = visitor.comes_to(f"/pipelines/{pipeline.number}").page
    page.get_by_role("button", name="Rerun from failed").click()
    page.get_by_text("run again below").wait_for()
    attempt = claimer.claim()
    assert attempt.task["job"]["name"] == "flaky"
    attempt.finish("success").expect(204)
    page.get_by_role("button", name="Rerun from failed").wait_for(state="detached")
    visitor.state("success")
    assert page.get_by_role("button", name="Rerun", exact=True).is_enabled()


def test_output_comes_while_the_step_runs(visitor, world, server, small):
    pipeline = world.submit(server, config(build=job("true")))
    attempt = server.claimer(small).claim()
    attempt.step(name="Compile").expect(204)
    page = visitor.comes_to(f"/pipelines/{pipeline.number}/jobs/{pipeline.jobs()['build']['number']}").page
    sent = 0
    for piece in (b"one\ntw", b"o\n\xe2\x9c", b"\x93 done\n"):  # cut within a line, and a character
        attempt.output(piece, sent).expect(200)
        sent += len(piece)
        last = {6: "tw", 10: "two", 17: "✓ done"}[sent]
        page.locator(".line .text", has_text=re.compile(f"^{last}$")).wait_for()
    lines = page.locator(".line .text").all_inner_texts()
    assert lines == ["one", "two", "✓ done"]
    attempt.step(name="Compile", state="success").expect(204)
    attempt.finish().expect(204)
    visitor.state("success")


def test_a_step_that_failed_is_read_at_once(visitor, world, server, small):
    world.agent(server, small)
    steps = job("echo fine", {"run": {"name": "Check", "command": "echo the reason; exit 7"}})
    pipeline = world.submit(server, config(check=steps))
    pipeline.wait()
    page = visitor.comes_to(f"/pipelines/{pipeline.number}").page
    link = page.get_by_role("link", name=re.compile("^check"))
    link.focus()
    page.keyboard.press("Enter")
    visitor.state("failed")
    visitor.sees("the reason", exact=True)
    visitor.sees("exit code 7", exact=True)


def test_canceling(visitor, world, server, small, gate):
    world.agent(server, small)
    pipeline = world.submit(server, config(build=job(gate[1]))).wait_for_state("running")
    page = visitor.comes_to(f"/pipelines/{pipeline.number}").page
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert pipeline.status()["state"] == "running"
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel pipeline").click()
    visitor.state("canceled")
    assert pipeline.status()["state"] == "canceled"


def test_what_a_job_waits_for(visitor, world, server, small):
    pipeline = world.submit(server, config(build=job("true"), lint=job("true"), deploy=job("true"),
                                           requires={"deploy": ["build", "lint"]}))
    page = visitor.comes_to(f"/pipelines/{pipeline.number}").page
    visitor.sees("Waits for build, lint.")
    server.claimer(small).claim().run()
    visitor.sees(re.compile("^.*Waits for (build|lint)\\.$"))
    page.get_by_role("link", name=re.compile("^(build|lint).*queued")).first.click()
    visitor.sees("Nobody starts runners of the class: no scaler has reported.")


def test_what_the_scaler_says(visitor, server, small):
    server.api.put("/api/muster/v1/fleet", {"classes": [{
        "resource_class": "local/small", "desired": 3, "live": 2, "booting": 1, "idle": 0, "busy": 1,
        "draining": 0, "min": 0, "max": 4, "reasons": ["3 tasks wait", "one boots"]}]}).expect(204)
    visitor.comes_to("/fleet")
    card = visitor.page.get_by_role("region", name="local/small")
    card.get_by_text("one boots").wait_for()
    card.get_by_text("2 of at most 4").wait_for()
    figures = dict(zip(card.locator("dt").all_inner_texts(), card.locator("dd").all_inner_texts()))
    assert figures == {"waiting": "0", "running": "0", "desired": "3", "booting": "1", "idle": "0",
                       "busy": "1", "draining": "0"}


def test_a_token_is_made_used_and_revoked(visitor, server):
    server.api.post("/api/v3/runner/resource", {"resource_class": "local/small"}).expect(201)
    page = visitor.comes_to("/classes").page
    section = page.get_by_role("region", name="local/small")
    settings = make_token(page, section, "by hand")
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").is_visible(), "what is shown once does not go by a slip"
    page.get_by_role("button", name="I have kept it").click()
    token = re.search(r"auth_token: (\".*\")", settings)[1]
    claimer = server.claimer(json.loads(token))
    assert claimer.ask().status == 204
    section.get_by_role("button", name="Revoke by hand").click()
    page.get_by_role("button", name="Revoke token").click()
    section.get_by_text("None: no runner of this class can come in.").wait_for()
    assert claimer.ask().status == 401

    section.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete class and tokens").click()
    visitor.sees("There is no class yet.")


def test_what_is_refused_is_told_in_a_sentence(visitor, server, small):
    page = visitor.comes_to("/classes").page
    make_class(page, "nonsense")
    assert page.get_by_role("alert").inner_text().endswith(".")
    make_class(page, "local/small")
    page.get_by_role("alert").filter(has_text="local/small").wait_for()


@pytest.mark.parametrize(("role", "cancels", "makes"), [
    ("read", False, False), ("run", True, False), ("admin", True, True)])
def test_who_may_not_change_things_is_not_offered_to(visitor, world, server, small, role, cancels,
                                                     makes):
    pipeline = world.submit(server, config(build=job("true")))
    session = {"nickname": "ada", "role": role, "expires_at": "2100-01-01T00:00:00Z"}
    page = visitor.comes_to("/fleet").page
    page.route(SESSION, lambda route: route.fulfill(json=session))
    visitor.visit(f"/pipelines/{pipeline.number}")
    visitor.sees("waits for a runner of")
    assert page.get_by_role("button", name="Cancel", exact=True).is_visible() == cancels
    visitor.visit("/classes")
    page.get_by_role("region", name="local/small").wait_for()
    assert page.get_by_role("button", name="Create class").is_visible() == makes
    assert page.get_by_role("button", name="Delete").is_visible() == makes
    assert page.get_by_role("link", name="Audit").is_visible() == makes


@pytest.mark.parametrize("path", ["/nothing", "/pipelines/99", "/pipelines/99/jobs/1"])
def test_an_address_of_nothing_leads_on(visitor, path, small):
    page = visitor.comes_to("/fleet").visit(path).page
    server_url = visitor.server.url
    main = page.get_by_role("main")
    main.get_by_text(re.compile("[Tt]here is no such page|there is no pipeline", re.IGNORECASE)).wait_for()
    main.get_by_role("link").click()
    assert page.url.rstrip("/") in (server_url, f"{server_url}/pipelines")


def test_while_the_server_is_away(visitor, world, server, small):
    pipeline = world.submit(server, config(build=job("true")))
    page = visitor.comes_to(f"/pipelines/{pipeline.number}").page
    visitor.state("running")
    server.stop()
    visitor.sees("The server cannot be reached")
    visitor.state("running")
    page.get_by_role("button", name="Try now").click()
    visitor.sees("The server cannot be reached")
    server.start()  # and it goes on by itself
    server.claimer(small).claim().run()
    visitor.state("success")
    page.get_by_text("The server cannot be reached").wait_for(state="hidden")
