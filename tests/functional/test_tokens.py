"""Kinds of tokens are never mixed; a revoked one stops; none is kept in the clear."""

import json
import stat

import pytest

from support.api import Api, basic, bearer
from support.pipeline import config, job
from support.scripted import Scripted

CLASS = {"resource-class": "local/small"}


def test_a_class_token_reads_nothing_of_the_api(server, small):
    with_class_token = Api(server.url, bearer(small))
    with_class_token.get("/api/v3/runner/tasks", **CLASS).expect(403)
    with_class_token.get("/api/muster/v1/pipelines").expect(403)
    with_class_token.post("/api/v3/runner/resource", {"resource_class": "a/b"}).expect(403)


def test_a_personal_token_does_not_claim(server, small):
    server.claimer(server.token).ask().expect(403)


def test_a_class_token_claims_for_its_class_alone(world, server, small):
    large = server.create_class("local/large")
    world.submit(server, config(build=job("true")))
    server.claimer(large).ask().expect(204)
    assert server.claimer(small).claim().task["resource_class"] == "local/small"


def test_a_task_token_speaks_for_its_attempt_alone(world, server, small):
    world.submit(server, config(build=job("true", parallelism=2)))
    claimer = server.claimer(small)
    one, two = claimer.claim(), claimer.claim()
    one.api.post(f"{two.path}/heartbeat", {"wait_ms": 0}).expect(403)
    one.api.get("/api/v3/runner/tasks", **CLASS).expect(403)
    server.claimer(one.task["token"]).ask().expect(403)
    one.heartbeat().expect(200)


def test_a_revoked_class_token_stops_claiming(world, server, small):
    made = server.create_token("local/small")
    server.claimer(made["token"]).ask().expect(204)
    server.api.delete(f"/api/v3/runner/token/{made['id']}").expect(200)
    refused = server.claimer(made["token"]).ask().expect(401)
    assert refused.message == "Invalid token provided."
    server.claimer(small).ask().expect(204)  # its sibling goes on


def test_a_page_of_elsewhere_changes_nothing(world, server, small):
    """The browser of who is signed in sends the password with whatever any page asks for."""
    pipeline = world.submit(server, config(build=job("true")))
    signed_in = server.api.with_credential(basic(server.token))

    def cancel(**headers):
        return signed_in.request("POST", f"/api/muster/v1/pipelines/{pipeline.number}/cancel",
                                 headers={k.replace("_", "-"): v for k, v in headers.items()})
    assert "another site" in cancel(Sec_Fetch_Site="cross-site").expect(403).message
    cancel(Origin="https://elsewhere.example").expect(403)
    assert pipeline.status()["state"] == "running"
    cancel(Sec_Fetch_Site="same-origin", Origin=server.url).expect(202)


def test_personal_tokens_are_made_and_revoked(server):
    made = server.api.post("/api/muster/v1/token", {"nickname": "laptop"}).expect(201).json()
    assert made["token"].startswith("mup_")
    laptop = Api(server.url, bearer(made["token"]))
    laptop.get("/api/muster/v1/pipelines").expect(200)
    server.api.delete(f"/api/muster/v1/token/{made['id']}")
    laptop.get("/api/muster/v1/pipelines").expect(401)


def test_tokens_are_shown_once_and_stored_as_hashes(world, server, small):
    listed = server.api.get("/api/v3/runner/token", **CLASS).text
    assert small not in listed
    server.stop()
    for path in server.data.rglob("*"):
        if path.is_file():
            assert small.encode() not in path.read_bytes(), f"{path} has the token in it"


def test_the_first_token_is_for_its_owner_only(server):
    mode = stat.S_IMODE((server.data / "token").stat().st_mode)
    assert mode == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) & 0o077 == 0


def test_tokens_by_command(world, server):
    made = world.client(server, "resource-class", "create", "local/mine", "--generate-token")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert token.startswith("muc_") and len(token.split()) == 1
    server.claimer(token).ask().expect(204)

    listed = world.client(server, "token", "list", "local/mine")
    assert listed.returncode == 0 and token not in listed.stdout
    refused = world.client(server, "resource-class", "delete", "local/mine")
    assert refused.returncode != 0 and "token" in refused.stderr
    assert world.client(server, "resource-class", "delete", "local/mine", "--force").returncode == 0
    server.claimer(token).ask().expect(401)


@pytest.mark.parametrize("command", [
    ["token", "create", "local/small"],
    ["token", "create", "--personal"],
    ["resource-class", "create", "local/new", "--generate-token"],
])
def test_a_token_goes_into_a_new_file_for_its_owner_alone(world, server, small, command):
    file = world.place / "new.token"
    made = world.client(server, *command, "--output", file)
    assert made.returncode == 0, made.stderr
    assert made.stdout == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = file.read_text().strip()
    assert token.startswith(("muc_", "mup_")) and token not in made.stderr
    sentence, revoke = made.stderr.strip().split(" To revoke it: muster ")
    assert str(file) in sentence
    assert world.client(server, *revoke.split()).returncode == 0
    assert Api(server.url, bearer(token)).get("/api/muster/v1/pipelines").status == 401


def test_a_file_that_exists_is_refused_before_a_token_is_created(world, server, small):
    file = world.place / "old.token"
    file.write_text("kept")
    before = server.api.get("/api/v3/runner/token", **CLASS).json()
    refused = world.client(server, "token", "create", "local/small", "--output", file)
    assert refused.returncode == 2
    assert refused.stderr == f"muster: cannot create {file}: File exists\n"
    assert file.read_text() == "kept"
    assert server.api.get("/api/v3/runner/token", **CLASS).json() == before
    refused = world.client(server, "resource-class", "create", "local/new", "--generate-token",
                           "--output", file)
    assert refused.returncode == 2
    assert "local/new" not in world.client(server, "resource-class", "list").stdout


def test_a_token_that_cannot_be_kept_is_revoked(world):
    file = world.place / "taken.token"

    def answer(method, path):
        if method == "DELETE":
            return 200, {"message": "Deleted."}
        file.write_text("theirs")  # since the command has looked
        return 201, {"id": "the-id", "resource_class": "local/small", "nickname": "",
                     "created_at": "2026-01-01T00:00:00Z", "token": "muc_secret"}
    server = Scripted(answer)
    result = world.run("token", "create", "local/small", "--output", file, "--server", server.url,
                       environment={"MUSTER_TOKEN": "a-token"})
    server.close()
    assert result.returncode == 2
    assert "the token is revoked again" in result.stderr
    assert "muc_secret" not in result.stdout + result.stderr
    assert server.calls[-1] == "DELETE /api/v3/runner/token/the-id"
    assert file.read_text() == "theirs"
    assert not list(world.place.glob(".*.token.*"))


def test_with_json_the_file_alone_has_the_token(world, server, small):
    file = world.place / "new.token"
    made = world.client(server, "token", "create", "local/small", "--output", file, "--json")
    assert made.returncode == 0
    assert file.read_text().strip() not in made.stdout
    assert json.loads(made.stdout)["resource_class"] == "local/small"


def test_a_wrong_token_is_exit_code_4(world, server):
    wrong = world.place / "wrong"
    wrong.write_text("mup_wrong")
    result = world.run("token", "list", "--server", server.url, "--token-file", wrong)
    assert result.returncode == 4
    assert "mup_wrong" not in result.stdout + result.stderr
