"""What people and programs send that is unknown, stale, too large or not theirs: the right status, one sentence
that says nothing of the inside, and the same words whether a thing is there or not.

Configs, sources and what is no HTTP: test_bad_input.py. Signing in: test_sessions.py. Rates: test_limits.py.
"""

import re
import sqlite3
from contextlib import closing
from urllib.parse import quote

import pytest

from support.api import bearer
from support.pipeline import config, job
from support.session import SESSION, of_role, sign_in, token_of_role, with_cookie

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"
API, RUNNER = "/api/muster/v1", "/api/v3/runner"
HOSTILE = ["';DROP TABLE task;--", "<script>alert(1)</script>", "\x1b[2J", "\u202e", "\n", "\0", "%s%n", "../..",
           "x" * 5_000]

# Who asks: PAGE as a page of an administrator, READER as one of who may only look, GONE with the cookie of a
# session that was ended, OLD with that of one that has ended by the clock, CLASS with a class's token. Then
# method, path, body; status, and a word of the sentence. Names in capitals in a path are of what there is.
BAD = [
    # Unknown.
    ("PAGE", "GET", f"{API}/nothing", None, 404, "nothing at"),
    ("PAGE", "PATCH", f"{API}/token", {}, 405, "takes GET, POST"),
    ("PAGE", "GET", f"{API}/pipelines/999", None, 404, "no pipeline"),
    ("PAGE", "GET", f"{API}/pipelines/{UUID}", None, 404, "no pipeline"),
    ("PAGE", "GET", f"{API}/events?watch=pipeline:999", None, 404, "no pipeline"),
    ("PAGE", "POST", f"{API}/pipelines/999/cancel", {}, 404, "no pipeline"),
    ("PAGE", "POST", f"{API}/pipelines/ENDED/rerun", {"workflow_id": UUID}, 404, "no such workflow"),
    ("PAGE", "GET", f"{API}/tasks/{UUID}/steps/0/output", None, 404, "no such step"),
    ("PAGE", "GET", f"{API}/tasks/TASK/steps/99/output", None, 404, "no such step"),
    ("PAGE", "GET", f"{API}/tasks/TASK/steps/99/output?wait_ms=60000", None, 404, "no such step"),
    ("PAGE", "GET", f"{API}/tasks/%2e%2e/steps/-1/output", None, 404, "no such step"),
    ("PAGE", "GET", f"{API}/demand?resource-class=local/none", None, 404, "not found"),
    ("PAGE", "GET", f"{RUNNER}/token?resource-class=local/none", None, 404, "not found"),
    ("PAGE", "DELETE", f"{API}/token/{UUID}", None, 404, "not found"),
    ("PAGE", "DELETE", f"{API}/token/CLASSTOKEN", None, 404, "not found"),
    ("PAGE", "DELETE", f"{RUNNER}/token/OWN", None, 404, "not found"),
    ("PAGE", "PUT", f"{API}/fleet", {"classes": [
        {"resource_class": name, "desired": 1, "live": 1, "booting": 0, "idle": 0, "busy": 1, "draining": 0,
         "min": 0, "max": 1, "reasons": [], "price_per_hour": price}
        for name, price in (("local/small", 1), ("local/none", 20_000))]}, 400, "price_per_hour"),
    # Wrong.
    ("PAGE", "POST", f"{RUNNER}/resource", {"resource_class": "local/small"}, 409, "exists"),
    ("PAGE", "POST", f"{RUNNER}/resource", {"resource_class": "<script>"}, 400, "<script>"),
    ("PAGE", "POST", f"{RUNNER}/resource", b"{", 400, "the request's body"),
    ("PAGE", "POST", f"{RUNNER}/resource", b"\xff\xfe", 400, "the request's body"),
    ("PAGE", "POST", f"{RUNNER}/resource", [], 400, "the request's body"),
    ("PAGE", "POST", f"{RUNNER}/resource", {"resource_class": 5}, 400, "the request's body"),
    ("PAGE", "POST", f"{API}/token", {"nickname": "x" * 501}, 400, "500 bytes"),
    ("PAGE", "GET", f"{API}/audit?before=x", None, 400, "id of an item"),
    ("PAGE", "GET", f"{API}/events?watch=moon", None, 400, "cannot watch moon"),
    ("PAGE", "GET", f"{API}/demand", None, 400, "1 to 1000 classes"),
    # Stale: what was true when the page was drawn.
    ("PAGE", "DELETE", f"{API}/token/REVOKED", None, 404, "not found"),
    ("PAGE", "DELETE", f"{RUNNER}/resource/DELETED", None, 404, "not found"),
    ("PAGE", "POST", f"{API}/pipelines/RUNS/rerun", {}, 409, "still runs"),
    ("PAGE", "POST", f"{API}/pipelines/AGAIN/rerun", {"workflow_id": "FIRST"}, 409, "run again since"),
    ("PAGE", "POST", f"{API}/pipelines/ENDED/rerun", {"from_failed": True}, 409, "no job has failed"),
    # Too large.
    ("PAGE", "POST", f"{API}/token", {"nickname": "x" * 70_000}, 413, "65536"),
    # Sessions that have ended.
    ("GONE", "GET", f"{API}/pipelines", None, 401, "has ended"),
    ("GONE", "POST", f"{API}/pipelines/1/cancel", {}, 401, "has ended"),
    ("GONE", "DELETE", SESSION, None, 401, "has ended"),
    ("OLD", "GET", f"{API}/pipelines", None, 401, "has ended"),
    ("OLD", "POST", f"{API}/pipelines/1/cancel", {}, 401, "has ended"),
    # Not theirs.
    ("READER", "POST", f"{API}/pipelines/RUNS/cancel", {}, 403, "takes the role run"),
    ("READER", "DELETE", f"{API}/token/OWN", None, 403, "takes the role admin"),
    ("CLASS", "GET", f"{API}/pipelines/RUNS", None, 403, "only claims tasks"),
    ("CLASS", "GET", f"{API}/events?watch=fleet", None, 403, "only claims tasks"),
]


@pytest.fixture
def there(world, server, small):
    """The names of the paths in BAD."""
    def ended():
        pipeline = world.submit(server, config(build=job("true")))
        server.claimer(small).claim().run()
        return pipeline
    done, again = ended(), ended()
    server.api.post(f"{API}/pipelines/{again.id}/rerun").expect(202)
    server.claimer(small).claim().run()
    runs = world.submit(server, config(build=job("true")))
    old = server.api.post(f"{RUNNER}/resource", {"resource_class": "local/old"}).expect(201).json()["id"]
    revoked = token_of_role(server, "run")["id"]
    for path in f"{API}/token/{revoked}", f"{RUNNER}/resource/{old}":
        server.api.delete(path).expect(200)
    of_class, = server.api.get(f"{RUNNER}/token", **{"resource-class": "local/small"}).json()["items"]
    return {"CLASSTOKEN": of_class["id"], "OWN": token_of_role(server, "read")["id"], "REVOKED": revoked,
            "DELETED": old, "ENDED": done.id, "TASK": done.task()["id"], "AGAIN": again.id, "RUNS": runs.id,
            "FIRST": again.status()["workflows"][0]["id"]}


@pytest.fixture
def who(server, small):
    gone, old = sign_in(server, token=server.token), sign_in(server, token=server.token)
    gone.delete(SESSION).expect(204)
    server.stop()
    with closing(sqlite3.connect(server.data / "muster.db")) as database, database:
        database.execute("UPDATE session SET used_at = used_at - 13 * 3600 * 1000")
    server.start()
    return {"PAGE": sign_in(server, token=server.token), "GONE": gone, "OLD": old,
            "READER": sign_in(server, token=token_of_role(server, "read")["token"]),
            "CLASS": server.api.with_credential(bearer(small))}


def named(text, names):
    """Each as a whole word, so that OWN is not found within another."""
    return re.sub(r"\b[A-Z]{3,}\b", lambda found: names.get(found[0], found[0]), text)


def check_sentence(server, answer):
    assert list(answer.json()) == ["message"], answer.text
    said = answer.message
    assert said and said.isprintable() and len(said) < 400, repr(said)
    inside = [" at 0x", ".cpp", ".hpp", "std::", "SELECT ", "INSERT ", "UPDATE ", "SQL", "constraint",
              str(server.data), server.token]
    assert not [word for word in inside if word in said], said
    return said


def test_each_is_refused_with_a_sentence(server, there, who):
    wrong, before = [], server.api.get(f"{API}/audit").json()
    for name, method, path, body, status, word in BAD:
        if isinstance(body, dict):
            body = {key: named(value, there) if isinstance(value, str) else value for key, value in body.items()}
        try:
            answer = who[name].request(method, named(path, there), body)
        except ConnectionError:
            assert status == 413  # refused in the middle of sending, which is as good
            continue
        if answer.status != status or word not in check_sentence(server, answer):
            wrong.append((name, method, path, answer.status, answer.text))
    assert not wrong
    assert server.api.get(f"{API}/audit").json() == before, "nothing was changed"
    assert "fleet" not in server.api.get(f"{API}/fleet").json()["classes"][0], "nor a part of a report taken"


def test_what_is_done_already_is_not_done_again(world, server, small):
    """Whoever asks twice, from a page that is not new any more, is told so or nothing happens."""
    page = sign_in(server, token=server.token)
    pipeline = world.submit(server, config(build=job("true")))
    cancel, rerun = (f"{API}/pipelines/{pipeline.id}/{what}" for what in ("cancel", "rerun"))

    def deeds():
        return [item["action"] for item in server.api.get(f"{API}/audit").json()["items"]
                if item["subject"] == pipeline.id]
    for _ in range(2):
        page.post(cancel).expect(202)
    assert pipeline.status()["state"] == "canceled"
    assert deeds() == ["pipeline.canceled", "pipeline.submitted"]
    page.post(rerun).expect(202)
    assert "still runs" in page.post(rerun).expect(409).message
    assert deeds() == ["pipeline.rerun", "pipeline.canceled", "pipeline.submitted"]
    assert server.unclaimed() == 1


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:20])
def test_hostile_names_are_harmless_in_the_answer(server, small, text):
    named = quote(text, safe="")
    for path in (f"/{named}", f"{API}/{named}", f"{API}/pipelines/{named}", f"{API}/tasks/{named}/steps/0/output",
                 f"{API}/events?watch={named}", f"{API}/demand?resource-class={named}",
                 f"{RUNNER}/tasks?resource-class={named}"):
        answer = server.api.get(path)
        assert answer.status in (400, 404), (path, answer.text)
        assert answer.headers["content-type"] == "application/json"
        check_sentence(server, answer)
    refused = server.api.post(f"{RUNNER}/resource", {"resource_class": text}).expect(400)
    check_sentence(server, refused)


def test_the_same_is_said_whether_it_is_there_or_not(world, server, small):
    """To who may not know: the bytes of the answers are the same."""
    readers = token_of_role(server, "read")
    world.submit(server, config(build=job("true", parallelism=2)))
    mine, other = server.claimer(small).claim(), server.claimer(small, "another").claim()
    strangers = with_cookie(server, "made-up", Muster_Request="1")
    reader, of_class = sign_in(server, token=readers["token"]), server.api.with_credential(bearer(small))
    revoke = ("DELETE", f"{API}/token/{readers['id']}", f"{API}/token/{UUID}")
    cancel = ("POST", f"{API}/pipelines/1/cancel", f"{API}/pipelines/2/cancel")
    show = ("GET", f"{API}/pipelines/1", f"{API}/pipelines/2")
    output = ("GET", f"{API}/tasks/{other.task['task_id']}/steps/0/output", f"{API}/tasks/{UUID}/steps/0/output")
    events = ("GET", f"{API}/events?watch=pipeline:1", f"{API}/events?watch=pipeline:2")
    beat = ("POST", f"{other.path}/heartbeat", f"{API}/tasks/{UUID}/attempts/1/heartbeat")
    source = ("GET", f"{other.path}/source", f"{API}/tasks/{UUID}/attempts/1/source")
    for api, asked, status in [(reader, [revoke, cancel], 403),
                               (strangers, [revoke, cancel, show, output, events, beat], 401),
                               (of_class, [revoke, cancel, show, output, events], 403),
                               (mine.api, [revoke, cancel, show, output, events, beat, source], 403)]:
        for method, there, nowhere in asked:
            one, two = (api.request(method, path, {} if method == "POST" else None) for path in (there, nowhere))
            assert (one.status, one.body) == (two.status, two.body), (method, there)
            assert one.status == status, (method, there, one.text)
    assert of_role(server, "run").delete(f"{API}/token/{readers['id']}").status == 403
