"""What is wrong is refused with one clear sentence and the right status, and harms nothing."""

import socket
import sqlite3
import time

import pytest

from support.pipeline import config, job


def still_serves(server):
    server.api.get("/api/muster/v1/health").expect(200)
    assert server.program.running


BAD_CONFIGS = {
    "an unknown key": ("version: 2.1\njobs:\n  build:\n    machine: true\n"
                       "    resource_class: local/small\n    stepz: []\n", "jobs.build", 6),
    "a feature that is not there": ("version: 2.1\norbs:\n  node: circleci/node@5\n", "orbs", 2),
    "no version": ("jobs: {}\n", "version", None),
    "no yaml": ("version: 2.1\njobs: [\n", None, None),
    "nothing": ("", None, None),
    "a cycle": (config(a=job("true"), b=job("true"), requires={"a": ["b"], "b": ["a"]}),
                "a -> b -> a", None),
    "a job that is not there": (
        config(a=job("true"), requires={"a": ["ghost"]}), "ghost", None),
    "a tab": ("version: 2.1\n\tjobs: {}\n", None, 2),
}


@pytest.mark.parametrize("name", BAD_CONFIGS)
def test_a_malformed_config(world, server, name):
    text, word, line = BAD_CONFIGS[name]
    body = world.repository(files={"x": "x"}).request(server, config=text)
    answer = server.api.post("/api/muster/v1/pipelines", body).expect(400)
    shown = answer.text
    assert answer.message
    if word:
        assert word in shown
    if line:
        assert line in [e["line"] for e in answer.json()["errors"]]
    assert server.api.get("/api/muster/v1/pipelines").json()["items"] == []


def test_the_client_shows_where_a_config_is_wrong(world, server):
    repository = world.repository(BAD_CONFIGS["an unknown key"][0])
    result = world.client(server, "run", repository.directory)
    assert result.returncode == 2
    assert "config.yml:6:" in result.stderr and "stepz" in result.stderr


def test_an_alias_bomb(world, server):
    levels = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for above, name in zip("abcdefgh", "bcdefghi"):
        levels.append(f"{name}: &{name} [{', '.join(['*' + above] * 10)}]")
    text = "version: 2.1\n" + "\n".join(levels) + "\n"
    body = world.repository(config(build=job("true"))).request(server, config=text)
    begun = time.monotonic()
    server.api.post("/api/muster/v1/pipelines", body).expect(400)
    assert time.monotonic() - begun < 10
    still_serves(server)


def test_deep_nesting(world, server):
    body = world.repository(config(build=job("true"))).request(server, config="[" * 100_000)
    refused = server.api.post("/api/muster/v1/pipelines", body).expect(400)
    assert "nested deeper than 64 levels" in refused.message
    still_serves(server)
    server.api.request("POST", "/api/muster/v1/pipelines", b"[" * 100_000).expect(400)
    still_serves(server)


def test_a_config_of_50_mb(server):
    body = {"project": "p", "branch": "b", "revision": "0" * 40, "source_sha256": "0" * 64,
            "config": "#" * 50_000_000}
    try:
        server.api.post("/api/muster/v1/pipelines", body).expect(413)
    except ConnectionError:
        pass  # refused in the middle of sending, which is as good
    still_serves(server)


def test_a_file_of_50_mb_in_the_repository(world, server, small):
    big = bytes(range(256)) * (50_000_000 // 256)
    world.agent(server, small)
    pipeline = world.submit(server, config(build=job("checkout", "wc -c < big")), {"big": big})
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output(step=1).strip() == str(len(big))


def test_a_source_with_another_sum(server):
    server.api.put(f"/api/muster/v1/sources/{'0' * 64}", b"not that").expect(400)
    assert server.api.put("/api/muster/v1/sources/..%2f..%2fetc", b"x").status in (400, 404)


def test_a_pipeline_without_its_source(world, server):
    body = world.repository(config(build=job("true"))).request(server, source_sha256="0" * 64)
    assert server.api.post("/api/muster/v1/pipelines", body).expect(400).message


def exchange(server, *pieces, patience=60):
    """Sends the pieces as they are; all that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def test_a_header_too_large(server):
    answer = exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"y" * 1_000_000, b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431"), answer[:200]
    still_serves(server)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("half", [
    b"GET /api/muster/v1/health HTTP/1.1\r\nHost: x\r\n",
    b"POST /api/v3/runner/resource HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n"
    b"Content-Length: 100\r\n\r\n{",
])
def test_a_half_sent_request(server, half):
    answer = exchange(server, half.replace(b"TOKEN", server.token.encode()), patience=120)
    assert answer.startswith(b"HTTP/1.1 408"), answer[:200]
    still_serves(server)


@pytest.mark.parametrize("rubbish", [b"\x00" * 100, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
                                     b"GET / HTTP/9.9\r\n\r\n",
                                     b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"])
def test_what_is_no_http(server, rubbish):
    answer = exchange(server, rubbish, b"\r\n\r\n")
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    still_serves(server)


def test_a_connection_that_is_dropped_in_the_middle(server, small):
    head = (f"POST /api/muster/v1/claim HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {small}\r\n"
            "Content-Length: 1000\r\n\r\n").encode()
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head + b"{")
    still_serves(server)


def test_a_port_in_use(world, server):
    result = world.run("server", "--data", world.place / "other", "--port", server.port)
    assert result.returncode == 5
    assert str(server.port) in result.stderr and "in use" in result.stderr
    still_serves(server)


def test_a_data_directory_in_use(world, server):
    result = world.run("server", "--data", server.data, "--port", 0)
    assert result.returncode == 5
    assert str(server.data) in result.stderr
    still_serves(server)


def test_data_of_a_newer_version_is_left_alone(world, server):
    server.stop()
    (database,) = server.data.glob("*.db")
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    before = database.read_bytes()
    result = world.run("server", "--data", server.data, "--port", 0)
    assert result.returncode == 5
    assert "newer" in result.stderr
    assert database.read_bytes() == before


@pytest.mark.parametrize("arguments, words", [
    (["sever"], ["sever", "server"]),
    (["server", "--prot", "1"], ["--prot", "--port"]),
    (["server", "--port", "99999"], ["--port"]),
    (["agent"], ["--config"]),
])
def test_a_wrong_command_line(world, arguments, words):
    result = world.run(*arguments)
    assert result.returncode == 2
    for word in words:
        assert word in result.stderr


def test_no_server(world):
    token = world.place / "token"
    token.write_text("mup_x")
    result = world.run("token", "list", "--server", "http://127.0.0.1:1", "--token-file", token)
    assert result.returncode == 3
    assert "127.0.0.1:1" in result.stderr
