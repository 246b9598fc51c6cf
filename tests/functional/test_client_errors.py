"""What the client says when it cannot do what it was asked: what, where, and what to do."""

import pytest

from support.pipeline import config, job


def complaint(world, *arguments, token="a-token"):
    """The exit code, and the one sentence or two."""
    result = world.run(*arguments, environment={"MUSTER_TOKEN": token})
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    return result.returncode, result.stderr.strip()


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "", "two words"])
def test_what_is_no_address(world, address):
    assert complaint(world, "pipeline", "list", "--server", address) == (
        2, f"muster: --server or $MUSTER_SERVER: '{address}' is no address of a server: write "
           "http://HOST:PORT, https://HOST:PORT or HOST:PORT")


def test_an_address_with_a_password_is_refused_and_not_shown(world):
    assert complaint(world, "pipeline", "list", "--server", "http://user:s3cret@127.0.0.1:1") == (
        2, "muster: --server or $MUSTER_SERVER: has a user or password before an '@', which would "
           "be shown in logs: write http://HOST:PORT, https://HOST:PORT or HOST:PORT")


def test_an_address_is_a_server_without_a_path(world):
    assert complaint(world, "pipeline", "list", "--server", "127.0.0.1:1/api/v2") == (
        2, "muster: --server or $MUSTER_SERVER: has a path behind the server: write "
           "http://127.0.0.1:1 alone")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "127.0.0.1:1"])
def test_nobody_listens(world, address):
    assert complaint(world, "pipeline", "list", "--server", address) == (
        3, "muster: cannot reach 127.0.0.1:1: Connection refused. Is 'muster server' running at "
           "http://127.0.0.1:1? --server or $MUSTER_SERVER names another.")


@pytest.mark.parametrize("of_class, told", [((), ""), (("local/small",), "local/small: ")])
def test_a_list_of_tokens_that_nobody_gives(world, of_class, told):
    assert complaint(world, "token", "list", *of_class, "--server", "http://127.0.0.1:1") == (
        3, f"muster: {told}cannot reach 127.0.0.1:1: Connection refused. Is 'muster server' running "
           "at http://127.0.0.1:1? --server or $MUSTER_SERVER names another.")


def test_a_token_file_that_is_not_there(world):
    assert complaint(world, "pipeline", "list", "--token-file", "/nope") == (
        2, "muster: the token: cannot open /nope: No such file or directory")


def test_a_token_file_that_others_can_read(world, server):
    open_file = world.place / "open"
    open_file.write_text(server.token)
    open_file.chmod(0o644)
    result = world.run("pipeline", "list", "--server", server.url, "--token-file", open_file)
    assert result.returncode == 0
    assert f"chmod 600 {open_file}" in result.stderr
    assert server.token not in result.stderr


def test_an_unknown_word_before_a_command(world):
    assert complaint(world, "foo", "run") == (
        2, "muster: unknown command 'foo'. See 'muster --help'.")


def test_a_directory_without_a_repository(world):
    code, sentence = complaint(world, "run", world.place)
    assert code == 2
    assert "git init" in sentence


@pytest.mark.parametrize("size", [(1 << 20) + 1, (64 << 20) + 1])
def test_a_config_that_no_server_takes(world, size):
    repository = world.repository("#" * size)
    assert complaint(world, "run", repository.directory, "--server", "http://127.0.0.1:1") == (
        2, f"muster: .circleci/config.yml has {size} bytes, and no server takes more than 1048576; "
           "make it shorter")


def test_a_server_that_does_not_know_the_token(world, server):
    code, sentence = complaint(world, "pipeline", "list", "--server", server.url)
    assert code == 4
    assert f"{server.url} does not know the token" in sentence
    assert "a-token" not in sentence


@pytest.mark.parametrize("arguments, words", [
    (["pipeline", "show", "9"], "no pipeline 9"),
    (["pipeline", "follow", "9"], "no pipeline 9"),
    (["pipeline", "cancel", "9"], "no pipeline 9"),
    (["token", "revoke", "9"], "no token 9"),
    (["token", "revoke", "no/pe"], "no token no/pe"),
    (["token", "list", "local/nope"], "local/nope"),
    (["resource-class", "delete", "local/nope"], "no resource class local/nope"),
    (["resource-class", "create", "nope"], "namespace/name"),
])
def test_what_is_not_there(world, server, arguments, words):
    code, sentence = complaint(world, *arguments, "--server", server.url, token=server.token)
    assert code == 2
    assert words in sentence


@pytest.mark.parametrize("action, told", [
    (["list"], "local/nope: resource class not found"),
    (["create", "--nickname", "x"], "resource class local/nope does not exist"),
])
def test_a_token_of_a_class_that_is_not_there(world, server, action, told):
    assert complaint(world, "token", *action, "local/nope", "--server", server.url,
                     token=server.token) == (
        2, f"muster: {told}; make it: muster resource-class create local/nope")


def test_force_is_offered_where_it_helps(world, server, small):
    delete = ["resource-class", "delete", "local/small", "--server", server.url]
    code, sentence = complaint(world, *delete, token=server.token)
    assert code == 2
    assert sentence.endswith("still has tokens; --force deletes them, too")

    world.submit(server, config(build=job("true")))
    for force in ([], ["--force"]):
        code, sentence = complaint(world, *delete, *force, token=server.token)
        assert code == 2
        assert "still has queued or running tasks; wait until they have ended" in sentence


@pytest.mark.parametrize("action", ["show", "follow", "cancel", "output"])
@pytest.mark.parametrize("name", ["x/y", "7?limit=1", "../token", "\x1b[2J", "9" * 40])
def test_what_is_no_pipeline(world, action, name):
    code, sentence = complaint(world, "pipeline", action, name, "--server", "http://127.0.0.1:1")
    assert code == 2
    assert "is no pipeline: give its number" in sentence
    assert "\x1b" not in sentence


def test_a_pipeline_that_has_ended_cannot_be_canceled(world, server, small):
    pipeline = world.submit(server, config(build=job("true")))
    first = world.client(server, "pipeline", "cancel", "1")
    assert first.returncode == 0
    assert "Canceling" in first.stderr
    pipeline.wait()
    for name in ("1", pipeline.id):
        assert complaint(world, "pipeline", "cancel", name, "--server", server.url,
                         token=server.token) == (1, "Pipeline 1 has ended already: canceled.")


def test_what_is_canceled_already_is_not_logged_again(world, server, small):
    pipeline = world.submit(server, config(build=job("true")))
    path = f"/api/muster/v1/pipelines/{pipeline.id}/cancel"
    for _ in range(3):
        server.api.post(path, {}).expect(202)
    assert pipeline.wait()["state"] == "canceled"
    server.stop()
    assert server.program.output().count("pipeline canceled") == 1


def test_a_server_without_a_place_for_its_data(world):
    code, sentence = complaint(world, "server", "--data", "")
    assert code == 2
    assert "--data DIR" in sentence


def test_an_address_that_is_not_of_this_machine(world):
    result = world.run("server", "--data", world.place / "data", "--listen", "192.0.2.1",
                       "--insecure-plain-http")
    assert result.returncode == 5
    assert "cannot listen on 192.0.2.1" in result.stderr


def test_a_token_that_goes_into_a_file_comes_without_a_word(world, server):
    result = world.client(server, "resource-class", "create", "local/new", "--generate-token")
    assert result.returncode == 0
    assert result.stdout.startswith("muc_")
    assert result.stderr == ""
