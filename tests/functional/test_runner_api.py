"""The runner API answers as CircleCI's: paths, members, statuses and words."""

import re

import pytest

from support.api import Api, basic, bearer, circle_token
from support.pipeline import config, job

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
CLASS = {"resource-class": "local/small"}


@pytest.mark.parametrize("version", ["v3", "v2"])
def test_counts(world, server, small, version):
    world.submit(server, config(build=job("true", parallelism=2)))
    server.claimer(small).claim()
    tasks = server.api.get(f"/api/{version}/runner/tasks", **CLASS).expect(200)
    assert tasks.json() == {"unclaimed_task_count": 1}
    running = server.api.get(f"/api/{version}/runner/tasks/running", **CLASS).expect(200)
    assert running.json() == {"running_runner_tasks": 1}
    assert running.headers["content-type"].startswith("application/json")


def test_short_aliases_of_version_2(server, small):
    assert server.api.get("/api/v2/tasks", **CLASS).expect(200).json() == {
        "unclaimed_task_count": 0}
    assert server.api.get("/api/v2/tasks/running", **CLASS).expect(200).json() == {
        "running_runner_tasks": 0}
    assert server.api.get("/api/v2/runner", **CLASS).expect(200).json() == {"items": []}


@pytest.mark.parametrize("query", [CLASS, {"namespace": "local"}])
def test_runners(server, small, query):
    assert server.claimer(small, "bobby-sue").ask().status == 204
    (item,) = server.api.get("/api/v3/runner", **query).expect(200).json()["items"]
    assert {k: item[k] for k in ("resource_class", "name", "hostname", "version")} == {
        "resource_class": "local/small", "name": "bobby-sue", "hostname": "host",
        "version": "test"}
    for moment in ("first_connected", "last_connected", "last_used"):
        assert TIME.match(item[moment]), item
    assert item["ip"] == "127.0.0.1"


def test_runners_of_another_namespace_are_not_listed(server, small):
    server.claimer(small).ask()
    assert server.api.get("/api/v3/runner", namespace="other").expect(200).json() == {"items": []}


def test_a_runner_list_needs_a_filter(server):
    answer = server.api.get("/api/v3/runner").expect(400)
    assert answer.message == "must specify one of org-id, resource-class, or namespace"


@pytest.mark.parametrize("version, deleted", [("v3", 200), ("v2", 204)])
def test_the_life_of_a_resource_class(server, version, deleted):
    path = f"/api/{version}/runner/resource"
    body = {"resource_class": "acme/Big:1+x", "description": "for big jobs"}
    made = server.api.post(path, body).expect(201).json()
    assert UUID.match(made["id"])
    assert {name: made[name] for name in body} == body
    server.api.post(path, body).expect(409)

    listed = server.api.get(path, namespace="acme").expect(200).json()["items"]
    assert [item["id"] for item in listed] == [made["id"]]
    gone = server.api.delete(f"{path}/{made['id']}").expect(deleted)
    if deleted == 200:
        assert gone.json() == {"message": "Deleted."}
    else:
        assert gone.body == b""
    server.api.delete(f"{path}/{made['id']}").expect(404)


def test_a_class_with_tokens_is_deleted_only_by_force(server, small):
    path = "/api/v3/runner/resource"
    (item,) = server.api.get(path, namespace="local").json()["items"]
    refused = server.api.delete(f"{path}/{item['id']}").expect(409)
    assert refused.message == "resource class still has tokens"
    server.api.delete(f"{path}/{item['id']}/force").expect(200)
    server.claimer(small).ask()  # its token went with it
    assert server.claimer(small).ask().expect(401).message == "Invalid token provided."


@pytest.mark.parametrize("version, deleted", [("v3", 200), ("v2", 204)])
def test_the_life_of_a_token(server, version, deleted):
    server.create_class("local/small")
    path = f"/api/{version}/runner/token"
    made = server.api.post(path, {"resource_class": "local/small", "nickname": "n1"})
    made = made.expect(201).json()
    assert set(made) == {"id", "resource_class", "nickname", "created_at", "token"}
    assert made["token"].startswith("muc_") and TIME.match(made["created_at"])

    listed = server.api.get(path, **CLASS).expect(200).json()["items"]
    (item,) = [item for item in listed if item["id"] == made["id"]]
    assert set(item) == {"id", "resource_class", "nickname", "created_at"}
    server.api.delete(f"{path}/{made['id']}").expect(deleted)
    server.api.delete(f"{path}/{made['id']}").expect(404)


def test_credentials_in_their_three_forms(server, small):
    for credential in (circle_token(server.token), bearer(server.token), basic(server.token)):
        Api(server.url, credential).get("/api/v3/runner/tasks", **CLASS).expect(200)


@pytest.mark.parametrize("credential, words", [
    ({}, "You must log in first."),
    (circle_token("mup_wrong"), "Invalid token provided."),
    (bearer("nonsense"), "Invalid token provided."),
    (basic("wrong"), "Invalid token provided."),
    ({"Authorization": "Basic !!!"}, None),
])
def test_without_a_good_credential(server, small, credential, words):
    answer = Api(server.url, credential).get("/api/v3/runner/tasks", **CLASS).expect(401)
    assert words is None or answer.json() == {"message": words}


@pytest.mark.parametrize("path", ["/api/v3/runner/tasks", "/api/v3/runner/tasks/running",
                                  "/api/v3/runner/token"])
def test_an_unknown_class_is_404(server, path):
    answer = server.api.get(path, **{"resource-class": "no/such"}).expect(404)
    assert answer.message


@pytest.mark.parametrize("name", ["", "noslash", "UPPER/x", "a/b/c", "a/", "/b", "a/b c",
                                  "a/" + "x" * 5000])
def test_a_bad_class_name_is_refused(server, name):
    assert server.api.post("/api/v3/runner/resource", {"resource_class": name}).expect(400).message


def test_an_unknown_path_is_404_and_a_body_that_is_no_json_400(server):
    assert server.api.get("/api/v3/nothing").expect(404).message
    assert server.api.post("/api/v3/runner/resource", b"{not json").expect(400).message
