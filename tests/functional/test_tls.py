"""The server's own TLS: whom clients believe, what it refuses, another certificate meanwhile."""

import re
import shutil
import signal
import socket
import time

import pytest

from support.api import Api, bearer
from support.pipeline import config, job
from support.tls import HOUR, Authority, connect, options, shown_name
from support.waiting import wait_until

READ_AGAIN = "certificate and key were read again"
UNUSABLE = "certificate and key cannot be used; those from before go on"


@pytest.fixture
def authority(world):
    return Authority(world.place)


@pytest.fixture
def secure(world, authority):
    return world.server(options=options(authority.issue("first")), ca_file=authority.file)


def refused(world, *words, code=2):
    """What a server says that does not start."""
    result = world.run("server", "--data", world.place / "refused", "--port", 0, *words)
    assert (result.returncode, result.stdout) == (code, ""), result.stderr
    return result.stderr


def listed(world, server, *trust, url=None):
    return world.run("pipeline", "list", "--server", url or server.url, "--token-file",
                     server.data / "token", *trust)


# --- The whole way ---

@pytest.mark.threads
def test_a_task_end_to_end(world, secure):
    assert secure.url.startswith("https://127.0.0.1:")
    small = secure.create_class()
    world.agent(secure, small)
    repository = world.repository(config(build=job("checkout", "cat data.txt; seq 20000")),
                                  {"data.txt": "the committed text\n"})
    result = world.client(secure, "run", repository.directory)
    assert result.returncode == 0, result.stdout + result.stderr
    printed = world.client(secure, "pipeline", "output", "1")
    assert "the committed text" in printed.stdout and "20000" in printed.stdout


def test_a_scaler_and_its_local_instances(world, secure):
    small = secure.create_class()
    world.scaler(world.scaler_config(secure, {"local/small": (small, {"max": 1})}))
    world.submit(secure, config(build=job("echo hello"))).wait_for_state("success")


def test_variables_name_the_authority_as_well(world, secure, authority):
    small = secure.create_class()
    variable = {"MUSTER_CA_FILE": str(authority.file)}
    secure.ca_file = None  # of what is written below
    world.agent(secure, small, environment=variable)
    secure.ca_file = authority.file
    world.submit(secure, config(build=job("echo hello"))).wait_for_state("success")
    result = world.run("pipeline", "list", "--server", secure.url, "--token-file",
                       secure.data / "token", environment=variable)
    assert result.returncode == 0, result.stderr


def test_a_long_poll_is_held_and_answered(secure):
    secure.create_class()
    first = secure.api.get("/api/muster/v1/demand", **{"resource-class": "local/small"}).json()
    begun = time.monotonic()
    again = secure.api.get("/api/muster/v1/demand", seen=first["version"], wait_ms=1500,
                           **{"resource-class": "local/small"}).expect(200)
    assert time.monotonic() - begun >= 1.4
    assert again.json()["version"] == first["version"]


# --- Whom clients believe ---

def test_an_authority_that_nobody_knows_is_refused_with_the_cure(world, secure):
    result = listed(world, secure)
    assert result.returncode == 3
    assert "is by an authority that is not trusted here" in result.stderr
    assert "--ca-file or $MUSTER_CA_FILE" in result.stderr

    stranger = Authority(world.place, "stranger")
    result = listed(world, secure, "--ca-file", stranger.file)
    assert result.returncode == 3
    assert f"is by no authority of {stranger.file} (--ca-file or $MUSTER_CA_FILE)" in result.stderr


def test_an_agent_names_its_key_in_the_cure_and_sends_no_token(world, secure, authority):
    small = secure.create_class()
    secure.ca_file = None
    agent = world.agent(secure, small)
    secure.ca_file = authority.file
    wait_until(lambda: "or name its file by api.ca_file" in agent.output(), 30, "the agent's cure")
    runners = secure.api.get("/api/v3/runner", **{"resource-class": "local/small"}).json()
    assert runners["items"] == []


def test_the_name_of_the_host_must_be_in_the_certificate(world, authority):
    server = world.server(options=options(authority.issue("named", "127.0.0.1")),
                          ca_file=authority.file)
    result = listed(world, server, "--ca-file", authority.file,
                    url=server.url.replace("127.0.0.1", "localhost"))
    assert result.returncode == 3
    assert "is for other names" in result.stderr and "localhost" in result.stderr


@pytest.mark.parametrize("command", ["client", "agent", "scaler"])
def test_a_file_that_is_none_is_told_at_once(world, server, small, command):
    wrong = world.place / "wrong.crt"
    wrong.write_text("no certificate\n")
    server.ca_file = wrong
    if command == "client":
        code, said = (r := world.client(server, "pipeline", "list")).returncode, r.stderr
    elif command == "agent":
        code, said = (a := world.agent(server, small)).wait(), a.output()
    else:
        file = world.scaler_config(server, {"local/small": (small, {"max": 1})})
        code, said = (r := world.run("plan", "--config", file)).returncode, r.stderr
    assert code == 2, said
    assert f"{wrong} holds no certificate in PEM" in said
    named = {"client": "--ca-file or $MUSTER_CA_FILE: ", "agent": "api.ca_file: ",
             "scaler": "server.ca_file: "}
    assert named[command] in said


# --- What the server refuses ---

@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_beyond_this_machine_only_with_tls_or_the_word(world, address):
    said = refused(world, "--listen", address)
    for cure in ("--tls-cert and --tls-key", "127.0.0.1", "--insecure-plain-http"):
        assert cure in said
    assert not (world.place / "refused").exists()

    plain = world.server(options=("--listen", address, "--insecure-plain-http"))
    assert plain.url.startswith("http://")
    assert "listening beyond this machine without TLS" in plain.program.output()


def test_with_tls_it_listens_beyond_this_machine(world, authority):
    program = world.start("beyond", "server", "--data", world.place / "beyond", "--port", 0,
                          "--listen", "0.0.0.0", *options(authority.issue("first")))
    address = world.place / "beyond/address"
    url = wait_until(lambda: address.exists() and address.read_text().strip(), 60, "the address")
    assert url.startswith("https://0.0.0.0:")
    assert shown_name(int(url.rsplit(":", 1)[1]), authority.file) == "first"
    assert "without TLS" not in program.output()


@pytest.mark.parametrize("one", ["--tls-cert", "--tls-key"])
def test_one_file_without_the_other(world, one):
    said = refused(world, one, "/nope")
    assert "--tls-cert" in said and "--tls-key" in said and "equires" in said


def test_files_that_are_of_no_use(world, authority):
    certificate, key = authority.issue("first")
    other = authority.issue("other")[1]
    nowhere = world.place / "nowhere"
    for files, problem in (((nowhere, key), f"{nowhere}: No such file"),
                           ((certificate, nowhere), f"{nowhere}: No such file"),
                           ((key, key), f"{key} holds no certificate in PEM"),
                           ((certificate, certificate), f"{certificate} holds no private key"),
                           ((certificate, other), f"the key in {other} is not that of")):
        assert problem in refused(world, *options(files))


def test_a_key_that_others_can_read(world, authority):
    files = authority.issue("first")
    files[1].chmod(0o640)
    cure = f"others can read {files[1]}"
    result = world.start("open", "server", "--data", world.place / "open", "--port", 0,
                         *options(files))
    address = world.place / "open/address"
    wait_until(lambda: not result.running or address.exists(), 60, "its start or its end")
    if result.running:  # only root is refused
        assert "others can read the key of the server" in result.output()
    else:
        assert result.wait() == 2
        assert cure in result.output() and f"chmod 600 {files[1]}" in result.output()


@pytest.mark.parametrize(("since", "until", "told"), [
    (-48 * HOUR, -HOUR, "the certificate has expired, and clients refuse it"),
    (HOUR, 48 * HOUR, "the certificate is not valid yet, and clients refuse it"),
    (-HOUR, 48 * HOUR, "the certificate expires soon"),
])
def test_a_certificate_whose_time_is_over_is_named(world, authority, since, until, told):
    files = authority.issue("first", since=since, until=until)
    program = world.start("timed", "server", "--data", world.place / "timed", "--port", 0,
                          *options(files))
    wait_until(lambda: told in program.output(), 60, told)


# --- The wrong protocol ---

def test_a_plain_client_is_told_and_not_served(world, secure):
    plainly = Api(secure.url.replace("https:", "http:"), bearer(secure.token))
    answer = plainly.get("/api/muster/v1/pipelines")
    assert (answer.status, answer.message) == (
        400, "This port speaks HTTPS: write https:// in its address.")
    result = listed(world, secure, url=secure.url.replace("https:", "http:"))
    assert result.returncode == 2
    assert "write https:// in its address" in result.stderr


def test_a_client_with_tls_at_a_plain_server(world, server):
    result = listed(world, server, url=server.url.replace("http:", "https:"))
    assert result.returncode == 3
    assert "if it speaks plain HTTP, write http:// in its address" in result.stderr


def test_a_connection_that_is_cut_within_the_handshake_does_no_harm(secure, authority):
    hello = bytes.fromhex("16030102000100")
    for size in range(len(hello) + 1):
        with socket.create_connection(("127.0.0.1", secure.port), timeout=30) as peer:
            peer.sendall(hello[:size])
    assert shown_name(secure.port, authority.file) == "first"


# --- Another certificate meanwhile ---

def replace(files, by):
    for file, new in zip(files, by):
        shutil.copy(new, file)


@pytest.mark.threads
def test_hup_has_certificate_and_key_read_again(world, authority):
    files = authority.issue("first")
    server = world.server(options=options(files), ca_file=authority.file)
    small = server.create_class()
    agent = world.agent(server, small)
    request = b"GET /api/muster/v1/health HTTP/1.1\r\nHost: h\r\n\r\n"
    with connect(server.port, authority.file) as old:
        replace(files, authority.issue("second"))
        assert shown_name(server.port, authority.file) == "first"
        server.program.signal(signal.SIGHUP)
        wait_until(lambda: READ_AGAIN in server.program.output(), 30, READ_AGAIN)
        wait_until(lambda: shown_name(server.port, authority.file) == "second", 30, "the second")
        old.sendall(request)
        assert old.recv(4096).startswith(b"HTTP/1.1 200 ")
    world.submit(server, config(build=job("echo hello"))).wait_for_state("success")
    assert "cannot be reached" not in agent.output()


@pytest.mark.threads
def test_a_pair_that_is_of_no_use_changes_nothing(world, authority):
    files = authority.issue("first")
    server = world.server(options=options(files), ca_file=authority.file)
    shutil.copy(authority.issue("second")[0], files[0])  # without its key
    server.program.signal(signal.SIGHUP)
    wait_until(lambda: UNUSABLE in server.program.output(), 30, UNUSABLE)
    reason = re.search(rf"{UNUSABLE}.*", server.program.output())[0]
    assert "is not that of the certificate" in reason
    assert shown_name(server.port, authority.file) == "first"
    server.api.get("/api/muster/v1/health").expect(200)

    replace(files, authority.issue("third"))
    server.program.signal(signal.SIGHUP)
    wait_until(lambda: shown_name(server.port, authority.file) == "third", 30, "the third")


def test_under_a_supervisor_hup_ends_no_plain_server(world):
    place = world.place / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(place))
        listener.settimeout(90)
        program = world.start("plain", "server", "--data", world.place / "plain", "--port", 0,
                              environment={"NOTIFY_SOCKET": str(place)})
        assert listener.recv(100) == b"READY=1"
        program.signal(signal.SIGHUP)
        wait_until(lambda: "asked to read certificate and key again" in program.output(), 30,
                   "the answer to the signal")
        assert program.stop() == 0


def test_no_key_in_the_log(world, secure, authority):
    secure.program.signal(signal.SIGHUP)
    wait_until(lambda: READ_AGAIN in secure.program.output(), 30, READ_AGAIN)
    lines = (authority.place / "first.key").read_text().splitlines()[1:-1]
    assert lines and not any(line in secure.program.output() for line in lines)
