"""What a personal token may by its role: read, run, admin; and what is told to who may not."""

import json

import pytest

from support.api import bearer
from support.pipeline import config, job
from support.session import SESSION, of_role, sign_in, token_of_role

ROLES = ["read", "run", "admin"]
UUID = "01890a5d-ac96-774b-bcce-b302099a8057"

# Each call of a person: method, path, the least role, and the status of who may. A body or query
# that is wrong, or a thing that is not there, shows as well as any that it was let through.
CALLS = [
    ("GET", "/api/v3/runner?namespace=local", "read", 200),
    ("GET", "/api/v3/runner/tasks?resource-class=local/small", "read", 200),
    ("GET", "/api/v3/runner/tasks/running?resource-class=local/small", "read", 200),
    ("GET", "/api/v2/tasks?resource-class=local/small", "read", 200),
    ("GET", "/api/v2/tasks/running?resource-class=local/small", "read", 200),
    ("GET", "/api/v3/runner/resource?namespace=local", "read", 200),
    ("GET", "/api/v3/runner/token?resource-class=local/small", "read", 200),
    ("GET", "/api/muster/v1/token", "read", 200),
    ("GET", "/api/muster/v1/pipelines", "read", 200),
    ("GET", "/api/muster/v1/pipelines/1", "read", 200),
    ("GET", "/api/muster/v1/tasks/TASK/steps/0/output", "read", 200),
    ("GET", "/api/muster/v1/demand?resource-class=local/small", "read", 200),
    ("GET", "/api/muster/v1/fleet", "read", 200),
    ("GET", "/api/muster/v1/fleet/history?resource-class=local/small", "read", 200),
    ("GET", "/api/muster/v1/fleet/decisions?resource-class=local/small", "read", 200),
    ("GET", "/api/muster/v1/events?watch=nothing", "read", 400),
    ("GET", SESSION, "read", 200),
    ("POST", "/api/muster/v1/sign-in-code", "read", 201),
    ("PUT", f"/api/muster/v1/sources/{'0' * 64}", "run", 400),
    ("POST", "/api/muster/v1/pipelines", "run", 400),
    ("POST", "/api/muster/v1/pipelines/1/cancel", "run", 202),
    ("PUT", "/api/muster/v1/fleet", "run", 400),
    ("POST", "/api/v3/runner/resource", "admin", 400),
    ("POST", "/api/v2/runner/resource", "admin", 400),
    ("DELETE", f"/api/v3/runner/resource/{UUID}", "admin", 404),
    ("DELETE", f"/api/v3/runner/resource/{UUID}/force", "admin", 404),
    ("POST", "/api/v3/runner/token", "admin", 400),
    ("DELETE", f"/api/v3/runner/token/{UUID}", "admin", 404),
    ("POST", "/api/muster/v1/token", "admin", 201),
    ("DELETE", f"/api/muster/v1/token/{UUID}", "admin", 404),
    ("POST", "/api/muster/v1/runners/drain", "admin", 400),
    ("POST", "/api/muster/v1/runners/remove", "admin", 400),
    ("GET", "/api/muster/v1/audit", "admin", 200),
]


@pytest.fixture
def task(world, server, small):
    """The id of one that runs."""
    world.submit(server, config(build=job("true")))
    return server.claimer(small).claim().task["task_id"]


@pytest.mark.parametrize("role", ROLES)
def test_each_call_takes_a_role(server, task, role):
    token = token_of_role(server, role)["token"]
    by_token = server.api.with_credential(bearer(token))
    wrong = []
    for api in by_token, sign_in(server, token=token):
        for method, path, needed, status in CALLS:
            if path.endswith("sign-in-code") and api is not by_token:
                continue
            answer = api.request(method, path.replace("TASK", task),
                                 None if method == "GET" else {})
            may = ROLES.index(role) >= ROLES.index(needed)
            told = may or answer.message == (
                f"this takes the role {needed}, and your token has the role {role}")
            if answer.status != (status if may else 403) or not told:
                wrong.append((method, path, answer.status, answer.text))
    assert not wrong


def test_a_new_token_runs_pipelines_if_nothing_else_is_said(server):
    made = server.api.post("/api/muster/v1/token", {"nickname": "n"}).expect(201).json()
    assert made["role"] == "run"
    listed = server.api.get("/api/muster/v1/token").json()["items"]
    assert {item["nickname"]: item["role"] for item in listed} == {"first": "admin", "n": "run"}


@pytest.mark.parametrize("body", [
    {"role": "root"}, {"role": "Admin"}, {"role": ""}, {"role": 2}, {"role": ["admin"]},
])
def test_a_role_that_there_is_not(server, body):
    refused = server.api.post("/api/muster/v1/token", body).expect(400)
    assert "role" in refused.message
    assert len(server.api.get("/api/muster/v1/token").json()["items"]) == 1


def test_a_class_token_has_no_role(server, small):
    body = {"resource_class": "local/small", "role": "admin"}
    server.api.post("/api/v3/runner/token", body).expect(400)
    listed = server.api.get("/api/v3/runner/token", **{"resource-class": "local/small"})
    assert ["role" in item for item in listed.json()["items"]] == [False]


@pytest.mark.parametrize("role", ["read", "run"])
def test_nobody_makes_a_token_that_may_more(server, small, role):
    token = token_of_role(server, role)["token"]
    before = server.api.get("/api/muster/v1/token").json()
    for api in server.api.with_credential(bearer(token)), sign_in(server, token=token):
        for body in {"role": "admin"}, {"role": role}, {}:
            api.post("/api/muster/v1/token", dict.fromkeys(body, "admin")).expect(403)
        api.post("/api/v3/runner/token", {"resource_class": "local/small"}).expect(403)
        api.post("/api/v3/runner/resource", {"resource_class": "local/mine"}).expect(403)
    assert server.api.get("/api/muster/v1/token").json() == before


def test_a_scaler_needs_no_more_than_run(world, server, small):
    file = world.place / "scaler.token"
    file.touch(mode=0o600)
    file.write_text(token_of_role(server, "run")["token"])
    path = world.scaler_config(server, {"local/small": (small, {"max": 1})})
    settings = json.loads(path.read_text())
    settings["server"]["token_file"] = str(file)
    path.write_text(json.dumps(settings))
    world.scaler(path)
    pipeline = world.submit(server, config(build=job("true")))
    assert pipeline.wait()["state"] == "success"
    [seen] = server.api.get("/api/muster/v1/fleet").json()["classes"]
    assert seen["fleet"]["max"] == 1


def test_where_the_last_administrator_is_gone_the_next_start_makes_one(server):
    reader = of_role(server, "read")
    [first] = [item for item in server.api.get("/api/muster/v1/token").json()["items"]
               if item["role"] == "admin"]
    gone = server.token
    server.api.delete(f"/api/muster/v1/token/{first['id']}").expect(200)
    server.restart()
    assert server.token != gone
    assert server.api.get(SESSION).expect(200).json()["role"] == "admin"
    reader.get(SESSION).expect(200)
