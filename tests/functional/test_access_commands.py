"""Roles, links that sign in, and the audit log by command; and the link that the server prints."""

import json
import re
from pathlib import Path

from support.api import Api
from support.session import SESSION, sign_in, token_of_role
from support.terminal import OnTerminal

AUDIT = "/api/muster/v1/audit"
LINK = re.compile(r"(http\S+)/sign-in#code=([0-9a-f]+)\s")


def test_tokens_have_a_role(world, server):
    file = world.place / "reader.token"
    made = world.client(server, "token", "create", "--personal", "--role", "read", "--nickname",
                        "wall", "--output", file)
    assert made.returncode == 0, made.stderr
    listed = world.client(server, "token", "list").stdout.splitlines()
    assert listed[0].split() == ["ID", "ROLE", "NICKNAME", "CREATED"]
    assert sorted(line.split()[1:3] for line in listed[1:]) == [
        ["admin", "first"], ["read", "wall"]]
    refused = world.run("resource-class", "create", "local/x", "--server", server.url,
                        "--token-file", file)
    assert refused.returncode == 4
    assert refused.stderr == "muster: this takes the role admin, and your token has the role read\n"


def test_a_link_by_command(world, server):
    made = world.client(server, "token", "link")
    assert made.returncode == 0, made.stderr
    [(url, code)] = LINK.findall(made.stdout)
    assert made.stdout == f"{url}/sign-in#code={code}\n" and url == server.url
    assert code not in made.stderr and "once" in made.stderr
    assert sign_in(server, code=code).get(SESSION).status == 200


def test_a_link_on_the_terminal_of_the_server(world):
    data, log = world.place / "data", world.place / "log"
    with OnTerminal(world, "server", "--data", data, "--port", 0, errors=log) as server:
        url, code = server.read_until(LINK).groups()
        assert url == (data / "address").read_text().strip()
        page = Api(url).post(SESSION, {"code": code}).expect(201).json()
        assert page["nickname"] == "first" and page["role"] == "admin"
        Api(url).post(SESSION, {"code": code}).expect(401)
        for file in (log, *data.rglob("*")):
            assert not file.is_file() or code.encode() not in file.read_bytes(), file
        assert code.encode() not in Path(f"/proc/{server.program.pid}/cmdline").read_bytes()


def test_elsewhere_the_server_prints_no_link(server):
    assert "sign-in#" not in server.program.output()


def test_the_audit_log(world, server):
    for number in range(120):
        server.api.post("/api/v3/runner/resource", {"resource_class": f"a/b{number}"}).expect(201)
    table = world.client(server, "audit", "--limit", 2)
    assert table.returncode == 0, table.stderr
    heading, first, second = table.stdout.splitlines()
    assert heading.split() == ["AT", "ACTOR", "ADDRESS", "ACTION", "SUBJECT", "DETAIL"]
    assert first.split()[1:] == ["first", "127.0.0.1", "class.created", "a/b119"]
    assert second.split()[-1] == "a/b118"
    listed = json.loads(world.client(server, "audit", "--limit", 1000, "--json").stdout)["items"]
    assert len(listed) == 121 and len({item["id"] for item in listed}) == 121


def test_a_name_forges_no_line_of_the_table(world, server):
    token_of_role(server, "run", "x\n2026-01-01T00:00:00Z  root  class.deleted  \x1b[2Ja\u202e")
    printed = world.client(server, "audit").stdout
    assert len(printed.splitlines()) == 1 + len(server.api.get(AUDIT).json()["items"])
    assert "\x1b" not in printed and "\u202e" not in printed
