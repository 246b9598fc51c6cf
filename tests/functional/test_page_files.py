"""The files of the page, as the server gives them to anybody. What the page does: tests/web."""

import gzip
import re

import pytest

PLACES = ["/", "/sign-in", "/fleet", "/pipelines", "/pipelines/1", "/pipelines/1/jobs/2", "/classes",
          "/audit"]


@pytest.fixture
def stranger(server):
    return server.api.with_credential({})


def assets(stranger):
    start = stranger.get("/").expect(200).text
    return sorted(set(re.findall(r'(?:src|href)="([^"]+)"', start)))


def test_every_address_of_the_page_answers_with_it(stranger):
    first = stranger.get("/").expect(200)
    for place in PLACES:
        answer = stranger.get(place).expect(200)
        assert answer.body == first.body
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_its_files_may_be_kept_and_come_from_nowhere_else(stranger):
    paths = assets(stranger)
    assert {path.rsplit(".", 1)[1] for path in paths} == {"css", "js", "svg"}
    for path in paths:
        assert path.startswith("/assets/")
        answer = stranger.get(path).expect(200)
        assert "immutable" in answer.headers["cache-control"]
        others = re.findall(rb"""["'(]https?://[^"')]+""", answer.body)
        assert {other[1:] for other in others} <= {
            b"http://www.w3.org/2000/svg", b"http://www.w3.org/1999/xhtml",
            b"http://www.w3.org/1998/Math/MathML"}, "these are names, which nobody fetches"


def test_compressed_for_whom_that_suits(stranger):
    for path in ["/", *assets(stranger)]:
        plain = stranger.request("GET", path).expect(200)
        packed = stranger.request("GET", path, headers={"Accept-Encoding": "gzip, br"}).expect(200)
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


def test_a_head_is_answered_without_the_page(stranger):
    answer = stranger.request("HEAD", "/fleet").expect(200)
    assert answer.body == b"" and int(answer.headers["content-length"]) > 100


@pytest.mark.parametrize("path", [
    "/assets/", "/assets/none.js", "/assets/..%2Findex.html", "/assets/%2e%2e/index.html", "/index.html",
    "/src/main.tsx", "/tasks/1/steps/0", "/pipelines/1/jobs", "/fleet/1"])
def test_what_is_not_there(stranger, path):
    assert stranger.get(path).status == 404


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/flet", "/pipelines/1/jobs", "/tasks/1/steps/0", "/fleet/1", "/%22%3E%3Cscript%3E"])
def test_who_types_an_address_that_is_not_there_gets_the_page(stranger, path):
    page = stranger.get("/").expect(200)
    answer = stranger.request("GET", path, headers=BROWSER).expect(404)
    assert answer.body == page.body
    for name in ("content-type", "cache-control", "content-security-policy", "x-content-type-options",
                 "referrer-policy"):
        assert answer.headers[name] == page.headers[name]
    head = stranger.request("HEAD", path, headers=BROWSER).expect(404)
    assert head.body == b"" and head.headers["content-type"] == page.headers["content-type"]


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/api", 404), ("GET", "/api/muster/v1/nothing", 404), ("GET", "/favicon.ico", 404),
    ("GET", "/assets/none.js", 404), ("DELETE", "/flet", 404), ("POST", "/fleet", 405)])
def test_what_no_person_has_typed_is_answered_in_json(stranger, method, path, status):
    answer = stranger.request(method, path, headers=BROWSER).expect(status)
    assert answer.headers["content-type"] == "application/json" and answer.message


def test_the_page_takes_nothing(stranger):
    assert stranger.request("POST", "/fleet").expect(405).headers["allow"] == "GET"


def test_without_a_token_there_is_nothing_to_see(stranger, small):
    """And no browser asks for a password by itself."""
    assert "local/small" not in stranger.get("/fleet").text
    for path in "/api/muster/v1/fleet", "/api/muster/v1/pipelines":
        refused = stranger.get(path).expect(401)
        assert "Basic" not in refused.headers.get("www-authenticate", "")
