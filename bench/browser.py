"""The page in a browser: what it weighs, and how soon something of it is seen.

Takes a `World` of tests/support, starts in it what it needs, and leaves it to its owner.
"""

import re
from typing import NamedTuple

import jobs
from figures import CannotRun
from support.pipeline import config, job
from support.session import SESSION, cookie_in, stranger
from support.visitor import ARGUMENTS, chromium

PACKED = {"Accept-Encoding": "gzip"}
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
PLACES = "/", "/fleet", "/pipelines", "/pipelines/1"


class Seen(NamedTuple):
    weight: float  # kB of all its files, as they are sent to a browser
    paints: list  # of each run: seconds from the address to the first paint, each with an empty cache


def seen(world, runs, visits):
    if not chromium():
        raise CannotRun("it needs chromium: script/install test")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise CannotRun("it needs playwright, which tests/requirements.txt has") from None
    server = world.server()
    token = server.create_class()
    jobs.start_agents(world, server, token)
    jobs.succeed(world.submit(server, config(build=job("seq 1000"), test=job("true", parallelism=20),
                                             requires={"test": ["build"]})))
    cookie = cookie_in(stranger(server).post(SESSION, {"token": server.token}).expect(201))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        paints = [[first_paint(browser, server.url, cookie.value, PLACES[visit % len(PLACES)])
                   for visit in range(visits)] for _ in range(runs)]
        browser.close()
    weight = weight_of(stranger(server))
    server.stop()
    return Seen(weight, paints)


def weight_of(api):
    def sent(path):
        return len(api.request("GET", path, headers=PACKED).expect(200).body)
    named = {*re.findall(r'(?:src|href)="(/assets/[^"]+)"', api.get("/").expect(200).text)}
    return sum(map(sent, ["/", *named])) / 1000


def first_paint(browser, url, cookie, place):
    with browser.new_context() as context:
        context.add_cookies([{"name": "muster_session", "value": cookie, "url": url}])
        page = context.new_page()
        page.goto(url + place)
        page.get_by_role("button", name="Sign out").wait_for()
        return page.wait_for_function(PAINTED).json_value() / 1000
