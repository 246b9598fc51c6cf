"""The output of steps: much of it, and such as means harm."""

import os
import re

import pytest

from support.pipeline import config, job
from support.waiting import SLOW

MIB = 1 << 20
# Scrolls through all of it, and says how long the longest frame took, in ms.
SCROLL = """async lines => {
  let longest = 0, before = performance.now();
  for (let step = 0; step <= 60; step += 1) {
    lines.scrollTop = (lines.scrollHeight * step) / 60;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    longest = Math.max(longest, now - before);
    before = now;
  }
  return longest;
}"""


@pytest.fixture
def printed(world, server, small, visitor):
    """Shows a step that has printed this."""
    def print_it(output, name="Print", state="success", **submission):
        pipeline = world.repository(config(build=job("true"))).submit(server)
        attempt = server.claimer(small).claim()
        attempt.step(name=name).expect(204)
        for offset in range(0, len(output), 4 * MIB):
            attempt.output(output[offset:offset + 4 * MIB], offset).expect(200)
        attempt.step(name=name, state=state).expect(204)
        attempt.finish(state).expect(204)
        path = f"/pipelines/{pipeline.number}/jobs/{pipeline.jobs()['build']['number']}"
        return visitor.comes_to(path), pipeline
    return print_it


def opened(visitor):
    visitor.page.locator(".step-head").click()
    lines = visitor.page.locator(".lines")
    lines.locator(".line").first.wait_for()
    return lines


def test_fifty_thousand_lines(printed):
    output = b"".join(b"\x1b[32mok\x1b[0m %d some test has passed\n" % n for n in range(1, 50_001))
    visitor, _ = printed(output)
    lines = opened(visitor)
    lines.get_by_text("ok 1 some", exact=False).wait_for()
    longest = lines.evaluate(SCROLL)
    assert longest < 200 * SLOW, f"a frame took {longest:.0f} ms"
    lines.get_by_text("ok 50000 some").wait_for()
    drawn = lines.locator(".line").count()
    assert drawn < 200, "only what is in sight is drawn"

    page = visitor.page
    page.get_by_role("searchbox").fill("ok 4321")
    page.get_by_role("search").get_by_text("1 of 11").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("search").get_by_text("2 of 11").wait_for()
    assert lines.locator(".line.chosen .text").inner_text() == "ok 43210 some test has passed"
    assert lines.locator(".line.chosen mark").all_inner_texts() == ["ok", " 4321"]


def test_a_link_to_a_line(printed, visitor):
    output = b"".join(b"line %d\n" % n for n in range(1, 3_001))
    _, pipeline = printed(output)
    lines = opened(visitor)
    lines.locator(".line", has_text=re.compile(r"line 7$")).get_by_role("link").click()
    page = visitor.page
    assert page.url.endswith("#step-1:L7")
    page.goto("about:blank")
    visitor.visit(f"/pipelines/{pipeline.number}/jobs/{pipeline.jobs()['build']['number']}#step-1:L2500")
    chosen = page.locator(".line.chosen .text")
    chosen.wait_for()
    assert chosen.inner_text() == "line 2500"
    assert chosen.evaluate("""line => {
      const box = document.querySelector('.lines').getBoundingClientRect();
      const { top, bottom } = line.getBoundingClientRect();
      return top >= box.top && bottom <= box.bottom;
    }"""), "it is in sight"


def test_a_line_of_ten_megabytes(printed):
    visitor, _ = printed(b"before\n" + b"x" * 10_000_000 + b"\nafter\n")
    lines = opened(visitor)
    lines.get_by_text("after", exact=True).wait_for()
    lines.get_by_text("… 9,998,000 more characters").wait_for()
    assert lines.evaluate("lines => lines.textContent.length") < 10_000
    visitor.page.get_by_role("searchbox").fill("after")
    visitor.page.get_by_role("search").get_by_text("1 of 1").wait_for()


def test_of_a_long_output_the_end_is_shown(world, server, small, visitor):
    """The last 16 MiB; and the download has all."""
    pipeline = world.submit(server, config(build=job("true")))
    attempt = server.claimer(small).claim()
    attempt.step(name="Print").expect(204)
    begin, end = b"the begin\n", b"\nthe end\n"
    attempt.output(begin, 0).expect(200)
    (log,) = (server.data / "output").glob("*/*.log")
    size = 40 * MIB
    os.truncate(log, size - len(end))  # of holes: it takes no room
    attempt.output(end, size - len(end)).expect(200)
    attempt.step(name="Print", state="success").expect(204)
    attempt.finish().expect(204)
    asked = []
    visitor.page.on("request", lambda request: asked.append(request.headers.get("range")))
    visitor.comes_to(f"/pipelines/{pipeline.number}/jobs/{pipeline.jobs()['build']['number']}")
    lines = opened(visitor)
    visitor.sees("The beginning is not shown")
    lines.get_by_text("the end", exact=True).wait_for()
    starts = [int(wanted[6:].split("-")[0]) for wanted in asked if wanted]
    assert min(starts) == size - 16 * MIB
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download").click()
    whole = download.value.path().read_bytes()
    assert len(whole) == size and whole.startswith(begin) and whole.endswith(end)


# --- What means harm ------------------------------------------------------------------------

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
HOSTILE = SCRIPT + "\u202egnp.exe"


def test_hostile_output_is_text(printed):
    output = (f"{SCRIPT}\n"
              "\x1b]8;;https://elsewhere.example\x07a link\x1b]8;;\x07 \x1b]0;title\x07goes on\n"
              "\u202ereversed\n"
              "\x1b[2J\x1b[1;1Hnot cleared\n"
              "10%\r50%\rdone\n"
              "\x1b[38;2;255;0;0;1mred\x1b[0m plain\n"
              "javascript:alert(3)\n").encode()
    visitor, _ = printed(output + b"\xff\xfe\x00 not text\n")
    lines = opened(visitor)
    lines.get_by_text("not text").wait_for()
    assert lines.locator(".text").all_inner_texts() == [
        SCRIPT, "a link goes on", "‹202E›reversed", "not cleared", "done", "red plain",
        "javascript:alert(3)", "\ufffd\ufffd not text"]
    assert lines.locator("img, script").count() == 0
    assert [link.get_attribute("href") for link in lines.locator("a").all()] == [
        f"#step-1:L{number}" for number in range(1, 9)]
    assert lines.locator("span", has_text="red").last.evaluate(
        "span => getComputedStyle(span).color") == "rgb(255, 0, 0)"
    assert visitor.page.title() == "build · Muster"


def test_hostile_names_are_text(world, server, visitor):
    token = server.create_class("local/small")
    name = "<img src=x onerror=alert(4)>"
    repository = world.repository(config(build=job("true")))
    request = repository.request(server, branch=HOSTILE, subject=HOSTILE, project=HOSTILE)
    created = server.api.post("/api/muster/v1/pipelines", request).expect(201).json()
    attempt = server.claimer(token, name="by-hand").claim()
    attempt.step(name=HOSTILE + "\x1b[31m").expect(204)
    attempt.step(name=HOSTILE + "\x1b[31m", state="failed").expect(204)
    attempt.finish("failed", HOSTILE).expect(204)
    server.api.put("/api/muster/v1/fleet", {"classes": [{
        "resource_class": "local/small", "desired": 1, "live": 0, "booting": 0, "idle": 0, "busy": 0,
        "draining": 0, "min": 0, "max": 4, "reasons": [HOSTILE]}]}).expect(204)
    server.create_token("local/small", nickname=name)

    visitor.comes_to("/")
    number = server.api.get(f"/api/muster/v1/pipelines/{created['id']}").json(
        )["workflows"][0]["jobs"][0]["number"]
    for path, text in (("/", SCRIPT), ("/fleet", SCRIPT), ("/pipelines", SCRIPT),
                       (f"/pipelines/{created['number']}", SCRIPT),
                       (f"/pipelines/{created['number']}/jobs/{number}", SCRIPT), ("/classes", name)):
        visitor.visit(path)
        visitor.sees(text)
        assert visitor.page.locator("#page img, #page script, #page iframe").count() == 0
        assert "\u202e" not in visitor.page.locator("#page").inner_text()
        assert visitor.width_left_over() <= 0


def test_slices_stand_side_by_side(world, server, small, visitor):
    pipeline = world.submit(server, config(test=job("true", parallelism=3)))
    for slice_ in range(3):
        attempt = server.claimer(small, name=f"runner-{slice_}").claim()
        attempt.step(name="Unit tests").expect(204)
        attempt.output(b"of slice %d\n" % attempt.task["index"], 0).expect(200)
        if attempt.task["index"] == 2:
            continue
        state = "failed" if attempt.task["index"] else "success"
        attempt.step(name="Unit tests", state=state).expect(204)
        attempt.finish(state).expect(204)
    page = visitor.comes_to(
        f"/pipelines/{pipeline.number}/jobs/{pipeline.jobs()['test']['number']}").page
    row = page.get_by_role("region", name="Slices").get_by_role("row", name=re.compile("Unit tests"))
    words = [cell.split() for cell in row.get_by_role("cell").all_inner_texts()]
    assert [cell[0] for cell in words] == ["success", "failed", "running"]
    page.get_by_role("link", name="Slice 2").click()
    visitor.sees("of slice 2", exact=True)
    page.get_by_role("link", name="Slice 1").click()
    visitor.sees("of slice 1", exact=True)
    assert page.url.endswith("?slice=1")


def is_held(request):
    """By the server, until there is news or for as long as somebody reads."""
    return "wait_ms" in request.url or "/events?" in request.url


def test_the_page_holds_few_connections(world, server, small, visitor):
    """Of the six that a browser has for a host it leaves some to other tabs."""
    pipeline = world.submit(server, config(build=job(*["true"] * 5)))
    attempt = server.claimer(small).claim()
    for index in range(5):
        attempt.step(index, name=f"step {index}", state="background").expect(204)
        attempt.output(b"begin\n", 0, step=index).expect(200)
    open_now, most = set(), [0]

    def begins(request):
        open_now.add(request)
        most[0] = max(most[0], sum(is_held(one) for one in open_now))
    page = visitor.page
    page.on("request", begins)
    page.on("requestfinished", lambda request: open_now.discard(request))
    page.on("requestfailed", lambda request: open_now.discard(request))
    visitor.comes_to(f"/pipelines/{pipeline.number}/jobs/{pipeline.jobs()['build']['number']}")
    page.locator(".step-head").nth(4).wait_for()
    for head in page.locator(".step-head").all():
        head.click()
    for index in range(5):
        attempt.output(b"later\n", 6, step=index).expect(200)
    for lines in page.locator(".lines").all():
        lines.get_by_text("later", exact=True).wait_for()
    assert page.locator(".lines").count() == 5
    assert 2 <= most[0] <= 3, "held at once"


SHOWN = """hidden => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def test_a_tab_that_nobody_sees_asks_for_nothing(visitor, small):
    page = visitor.page
    with page.expect_request(is_held):
        visitor.comes_to("/fleet")
    with page.expect_event("requestfailed", lambda request: "watch=fleet" in request.url):
        page.evaluate(SHOWN, True)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Make it").click()  # it lives
    assert asked == []
    with page.expect_request(lambda request: "watch=fleet" in request.url):
        page.evaluate(SHOWN, False)
