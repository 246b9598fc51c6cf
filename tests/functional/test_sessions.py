"""Signing in with a browser: by a token or a one-time code, for as long as the token lasts."""

import sqlite3

import pytest

from support.api import bearer
from support.pipeline import config, job
from support.session import (SESSION, cookie_in, new_code, sign_in, stranger, token_of_role,
                             with_cookie)
from support.tls import Authority


def signed_in(api):
    return api.get(SESSION).status == 200


def test_a_token_signs_in(server):
    answer = stranger(server).post(SESSION, {"token": server.token}).expect(201)
    status = answer.json()
    assert status == {"nickname": "first", "role": "admin", "expires_at": status["expires_at"]}
    cookie = cookie_in(answer)
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == "/"
    assert cookie["max-age"] == str(7 * 86400) and not cookie["secure"] and not cookie["domain"]
    assert len(cookie.value) >= 32
    again = with_cookie(server, cookie.value).get(SESSION).expect(200).json()
    assert {**again, "expires_at": ""} == {**status, "expires_at": ""}
    assert "no-store" in answer.headers["cache-control"]


def test_who_sends_a_token_is_told_who_it_is(server):
    assert server.api.get(SESSION).expect(200).json() == {"nickname": "first", "role": "admin"}
    stranger(server).get(SESSION).expect(401)


def test_the_cookie_stands_for_the_token(world, server, small):
    page = sign_in(server, token=server.token)
    pipeline = world.submit(server, config(build=job("true")))
    assert page.get("/api/muster/v1/pipelines").json()["items"]
    page.post("/api/v3/runner/resource", {"resource_class": "local/new"}).expect(201)
    page.post(f"/api/muster/v1/pipelines/{pipeline.number}/cancel").expect(202)
    assert pipeline.status()["state"] == "canceled"


def test_the_cookie_is_of_no_use_to_an_agent(world, server, small):
    world.submit(server, config(build=job("true")))
    page = sign_in(server, token=server.token)
    claim = {"request_id": "r", "name": "n", "hostname": "h", "version": "1"}
    page.post("/api/muster/v1/claim", claim).expect(401)
    task = server.claimer(small).claim()
    page.post(f"{task.path}/heartbeat", {"wait_ms": 0}).expect(401)


def test_a_cookie_alone_changes_nothing(world, server, small):
    """A page of elsewhere may get a browser to send it, but not with a header of ours."""
    pipeline = world.submit(server, config(build=job("true")))
    page = sign_in(server, token=server.token)
    secret = page.credential["Cookie"].split("=")[1]
    elsewhere = with_cookie(server, secret)
    calls = [("POST", f"/api/muster/v1/pipelines/{pipeline.number}/cancel"),
             ("POST", "/api/muster/v1/token"), ("PUT", "/api/muster/v1/fleet"),
             ("POST", "/api/v3/runner/resource"), ("DELETE", SESSION),
             ("POST", "/api/muster/v1/sign-in-code")]
    for method, path in calls:
        refused = elsewhere.request(method, path, {}).expect(403)
        assert "Muster-Request" in refused.message
        cross = with_cookie(server, secret, Muster_Request="1", Sec_Fetch_Site="same-site")
        assert "another site" in cross.request(method, path, {}).expect(403).message
        asked = elsewhere.request("OPTIONS", path, headers={
            "Origin": "https://elsewhere.example", "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "Muster-Request"})
        assert asked.status >= 400
        assert not [name for name in asked.headers if name.startswith("access-control")]
    assert pipeline.status()["state"] == "running"
    assert signed_in(elsewhere)
    page.post(calls[0][1]).expect(202)


def test_nobody_is_signed_in_by_a_page_of_elsewhere(server):
    answer = stranger(server).request("POST", SESSION, {"token": server.token},
                                      headers={"Sec-Fetch-Site": "cross-site"}).expect(403)
    assert "set-cookie" not in answer.headers


def test_a_session_is_the_servers_own(server):
    """Who has put a cookie into somebody's browser does not know the one that is given then."""
    planted = "0" * 64
    victim = with_cookie(server, planted)
    given = cookie_in(victim.post(SESSION, {"token": server.token}).expect(201)).value
    assert given != planted
    assert not signed_in(with_cookie(server, planted))
    assert signed_in(with_cookie(server, given))
    two = server.api.with_credential(
        {"Cookie": f"muster_session={given}; muster_session={planted}"})
    two.get(SESSION).expect(401)


def test_signing_in_anew_ends_the_session_before(server):
    page = sign_in(server, token=server.token)
    new = cookie_in(page.post(SESSION, {"token": server.token}).expect(201)).value
    assert not signed_in(page) and signed_in(with_cookie(server, new))


def test_signing_out(server):
    page, other = sign_in(server, token=server.token), sign_in(server, token=server.token)
    answer = page.delete(SESSION).expect(204)
    cookie = cookie_in(answer)
    assert cookie.value == "" and cookie["max-age"] == "0"
    assert page.delete(SESSION).expect(401).message == "This session has ended: sign in again."
    assert signed_in(other)
    server.api.delete(SESSION).expect(404)


def test_a_revoked_token_ends_its_sessions(server):
    made = token_of_role(server, "admin")
    page = sign_in(server, token=made["token"])
    code = new_code(server.api.with_credential(bearer(made["token"])))
    waiting = page.get("/api/muster/v1/fleet").json()["version"]
    server.api.delete(f"/api/muster/v1/token/{made['id']}").expect(200)
    page.get(SESSION).expect(401)
    page.get("/api/muster/v1/fleet", seen=waiting, wait_ms=1).expect(401)
    stranger(server).post(SESSION, {"code": code}).expect(401)


def test_sessions_outlive_the_server(server):
    page = sign_in(server, token=server.token)
    server.restart()
    page.url = server.url
    assert signed_in(page)


def test_a_code_signs_in_once(server):
    code = new_code(server.api)
    page = sign_in(server, code=code)
    assert page.get(SESSION).json()["nickname"] == "first"
    answer = stranger(server).post(SESSION, {"code": code}).expect(401)
    assert "set-cookie" not in answer.headers


def test_a_code_is_of_the_role_of_who_asked(server):
    for role in ("read", "run", "admin"):
        token = token_of_role(server, role)["token"]
        page = sign_in(server, code=new_code(server.api.with_credential(bearer(token))))
        assert page.get(SESSION).json()["role"] == role


def test_a_session_makes_no_code(server):
    """By which it could outlive its seven days."""
    page = sign_in(server, token=server.token)
    assert "personal token itself" in page.post("/api/muster/v1/sign-in-code").expect(403).message


def test_of_all_that_does_not_sign_in_the_same_is_said(server, small):
    used = new_code(server.api)
    sign_in(server, code=used)
    gone = token_of_role(server, "run")
    server.api.delete(f"/api/muster/v1/token/{gone['id']}").expect(200)
    entries = [{"code": used}, {"code": "0" * 48}, {"code": ""}, {"token": ""}, {"token": "mup_x"},
               {"token": gone["token"]}, {"token": small}, {"code": server.token},
               {"token": new_code(server.api)}, {"token": "x" * 900}]
    answers = [stranger(server).post(SESSION, entry).expect(401) for entry in entries]
    assert len({answer.body for answer in answers}) == 1
    assert "Basic" not in answers[0].headers["www-authenticate"], "a browser would ask by itself"


@pytest.mark.parametrize("body, status", [
    (b"", 400), (b"{", 400), (b"{}", 400), (b'{"token":1}', 400), (b"[]", 400),
    (b'{"token":"a","code":"b"}', 400), (b'{"code":"' + b"x" * 2000 + b'"}', 413),
])
def test_what_is_no_way_to_sign_in(server, body, status):
    answer = stranger(server).request("POST", SESSION, body)
    answer.expect(status)
    assert "set-cookie" not in answer.headers and "\n" not in answer.message


def test_guessing_is_slowed_down(world):
    server = world.server(options=("--request-rate", "20"))
    answers = [stranger(server).post(SESSION, {"code": f"{n:048x}"}).status for n in range(80)]
    assert set(answers) == {401, 429}
    assert signed_in(server.api)


def test_the_cookie_is_secure_with_tls_and_behind_it(world, server):
    behind = stranger(server).request("POST", SESSION, {"token": server.token},
                                      headers={"X-Forwarded-Proto": "https"}).expect(201)
    authority = Authority(world.place)
    certificate, key = authority.issue("first")
    secure = world.server(options=("--tls-cert", certificate, "--tls-key", key),
                          ca_file=authority.file)
    for answer in behind, stranger(secure).post(SESSION, {"token": secure.token}).expect(201):
        assert cookie_in(answer)["secure"]
    assert signed_in(sign_in(secure, token=secure.token))


def test_a_stolen_database_signs_nobody_in(world, server):
    page = sign_in(server, token=server.token)
    secret, code = page.credential["Cookie"].split("=")[1], new_code(server.api)
    server.stop()
    for path in server.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert secret.encode() not in content and code.encode() not in content, path
    with sqlite3.connect(server.data / "muster.db") as database:
        held = [value for table in ("session", "sign_in_code")
                for row in database.execute(f"SELECT * FROM {table}") for value in row]
    server.start()
    assert held
    for value in map(str, held):
        assert not signed_in(with_cookie(server, value))
        stranger(server).post(SESSION, {"code": value}).expect(401)


def test_no_secret_of_a_session_is_logged(world, server):
    code = new_code(server.api)
    answer = stranger(server).post(SESSION, {"code": code}).expect(201)
    stranger(server).post(SESSION, {"code": code + "1"}).expect(401)
    page = with_cookie(server, cookie_in(answer).value, Muster_Request="1")
    page.delete(SESSION).expect(204)
    log = server.program.output()
    assert "signed in" in log and "signed out" in log
    assert code not in log and cookie_in(answer).value not in log and server.token not in log
