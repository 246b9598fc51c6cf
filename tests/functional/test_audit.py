"""Every change of state is in the audit log, with who made it; nothing secret is."""

import pytest

from support.api import bearer
from support.pipeline import config, job
from support.session import (SESSION, cookie_in, new_code, sign_in, stranger, token_of_role,
                             with_cookie)

AUDIT = "/api/muster/v1/audit"
FORGED = "x\n2026-01-01T00:00:00Z  root  10.0.0.1  class.deleted  \x1b[2Ja\u202eb"


def deeds(server, **query):
    return server.api.get(AUDIT, **query).expect(200).json()["items"]


def latest(server, count=1):
    """The oldest of them first: actor, action, subject, detail."""
    return [tuple(item[name] for name in ("actor", "action", "subject", "detail"))
            for item in reversed(deeds(server, limit=count))]


def test_a_new_server_has_made_its_first_token(server):
    [token] = server.api.get("/api/muster/v1/token").json()["items"]
    assert latest(server) == [
        ("muster server", "token.created", token["id"], "personal, admin, first")]


def test_classes_and_tokens(server):
    [first] = server.api.get("/api/muster/v1/token").json()["items"]
    made = server.api.post("/api/v3/runner/resource", {"resource_class": "a/b"}).expect(201).json()
    of_class = server.create_token("a/b", "rack")
    personal = token_of_role(server, "read", "wall")
    server.api.delete(f"/api/v3/runner/token/{of_class['id']}").expect(200)
    server.api.delete(f"/api/muster/v1/token/{personal['id']}").expect(200)
    server.api.delete(f"/api/v3/runner/resource/{made['id']}/force").expect(200)
    assert latest(server, 6) == [
        ("first", "class.created", "a/b", ""),
        ("first", "token.created", of_class["id"], "a/b, rack"),
        ("first", "token.created", personal["id"], "personal, read, wall"),
        ("first", "token.revoked", of_class["id"], "a/b, rack"),
        ("first", "token.revoked", personal["id"], "personal, read, wall"),
        ("first", "class.deleted", "a/b", "with its tokens")]
    assert {item["address"] for item in deeds(server, limit=6)} == {"127.0.0.1"}
    assert {item["token_id"] for item in deeds(server, limit=6)} == {first["id"]}


@pytest.mark.parametrize("claimed", [False, True], ids=["queued", "running"])
def test_pipelines(world, server, small, claimed):
    pipeline = world.submit(server, config(build=job("true")))
    if claimed:
        server.claimer(small).claim()
    cancel = f"/api/muster/v1/pipelines/{pipeline.number}/cancel"
    server.api.post(cancel).expect(202)
    server.api.post(cancel).expect(202)  # which changes nothing any more
    id = pipeline.status()["id"]
    submitted, canceled = latest(server, 2)
    assert submitted[:3] == ("first", "pipeline.submitted", id)
    assert submitted[3].startswith(f"number {pipeline.number}, ")
    assert canceled == ("first", "pipeline.canceled", id, "")


def test_sessions(server):
    who = token_of_role(server, "run", "laptop")
    code = new_code(server.api.with_credential(bearer(who["token"])))
    page = sign_in(server, code=code)
    secret = cookie_in(page.post(SESSION, {"token": who["token"]}).expect(201)).value
    with_cookie(server, secret, Muster_Request="1").delete(SESSION).expect(204)
    made, begun, ended, anew, out = latest(server, 5)
    assert made == ("laptop", "code.created", who["id"], "")
    assert begun == ("laptop", "session.begun", begun[2], "with a code")
    assert ended == ("laptop", "session.ended", begun[2], "signed in anew")
    assert anew == ("laptop", "session.begun", anew[2], "with the token")
    assert out == ("laptop", "session.ended", anew[2], "signed out")


def test_what_is_refused_is_not_there(server, small):
    before = deeds(server)
    server.api.post("/api/v3/runner/resource", {"resource_class": "local/small"}).expect(409)
    server.api.post("/api/muster/v1/token", {"role": "root"}).expect(400)
    stranger(server).post(SESSION, {"token": "mup_x"}).expect(401)
    assert deeds(server) == before


def test_page_by_page(server):
    for number in range(7):
        server.api.post("/api/v3/runner/resource", {"resource_class": f"a/b{number}"})
    names, before = [], {}
    while items := deeds(server, limit=3, **before):
        assert len(items) <= 3
        names += [item["subject"] for item in items if item["action"] == "class.created"]
        before = {"before": items[-1]["id"]}
    assert names == [f"a/b{number}" for number in reversed(range(7))]
    assert len(deeds(server, limit=10_000)) == 8 and len(deeds(server, limit=0)) == 1


def test_at_most_a_hundred_at_once(server):
    for _ in range(105):
        server.api.post("/api/muster/v1/sign-in-code").expect(201)
    assert len(deeds(server, limit=1000)) == len(deeds(server)) == 100


def test_a_name_forges_no_line(server):
    evil = token_of_role(server, "run", FORGED)
    server.api.with_credential(bearer(evil["token"])).post("/api/muster/v1/sign-in-code")
    [item] = deeds(server, limit=1)
    assert item["actor"].startswith("x\\x0a2026")
    assert not {"\n", "\x1b", "\u202e"} & set(item["actor"])


def test_nothing_secret_is_there(server):
    made = token_of_role(server, "admin")
    code = new_code(server.api.with_credential(bearer(made["token"])))
    page = sign_in(server, code=code)
    shown = server.api.get(AUDIT).text
    for secret in (made["token"], server.token, code, page.credential["Cookie"].split("=")[1]):
        assert secret not in shown and secret[4:40] not in shown


@pytest.mark.parametrize("role, status", [("read", 403), ("run", 403), ("admin", 200)])
def test_it_is_for_administrators(server, role, status):
    token = token_of_role(server, role)["token"]
    server.api.with_credential(bearer(token)).get(AUDIT).expect(status)
    sign_in(server, token=token).get(AUDIT).expect(status)
