"""What `muster pipeline output` prints: everything, as it is for programs, harmless for people."""

import re
import shlex
import subprocess

from support.pipeline import config, job
from support.terminal import on_terminal

ODD = b"\x1b]0;title\x07red \x1b[31mred\x1b[0m\x00\xff\n"


def run(world, server, small, **jobs):
    world.agent(server, small)
    pipeline = world.submit(server, config(**jobs))
    pipeline.wait()
    return pipeline


def output(world, server, *arguments):
    return subprocess.run(
        [world.binary, "pipeline", "output", *arguments, "--server", server.url, "--token-file",
         server.data / "token"], cwd=world.place, env=world.environment(), capture_output=True,
        timeout=60)


def printing(data):
    return "printf '%b' '" + "".join(f"\\0{byte:03o}" for byte in data) + "'"


def test_bytes_as_they_are_into_a_pipe(world, server, small):
    run(world, server, small, build=job(printing(ODD)))
    result = output(world, server, "1", "build", "--step", "1")
    assert (result.returncode, result.stdout, result.stderr) == (0, ODD, b"")


def test_more_than_one_answer_of_the_server_holds(world, server, small):
    run(world, server, small, build=job("head -c 20000000 /dev/zero | tr '\\0' x"))
    assert output(world, server, "1").stdout == b"x" * 20_000_000


def test_whoever_has_read_enough_is_no_error(world, server, small):
    run(world, server, small, build=job("seq 100000"))
    command = shlex.join(str(word) for word in (
        world.binary, "pipeline", "output", "1", "--server", server.url, "--token-file",
        server.data / "token"))
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command + " | head -n 1"],
                            env=world.environment(), capture_output=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"1\n", b"")


def test_steps_of_tasks_in_their_order_each_on_lines_of_its_own(world, server, small):
    run(world, server, small, a=job("printf one", "echo two"),
        b=job("echo slice $CIRCLE_NODE_INDEX", parallelism=2))
    assert output(world, server, "1").stdout == b"one\ntwo\nslice 0\nslice 1\n"
    assert output(world, server, "1", "b/2").stdout == b"slice 1\n"
    assert output(world, server, "1", "--step", "2").stdout == b"two\n"


def test_on_a_terminal_under_headings_and_harmless(world, server, small):
    run(world, server, small, build=job(printing(ODD), "echo end"))
    code, written = on_terminal(world, "pipeline", "output", "1", "--server", server.url,
                                "--token-file", server.data / "token")
    assert code == 0
    assert "title" not in written
    assert "red \x1b[31mred\x1b[0m\\x00\\xff\r\n" in written
    assert re.search(r"--- build, step 2: echo end \(success after .*\)", written)


def test_a_line_without_end_on_a_terminal(world, server, small):
    """It is shown in parts, so that it need not fit into memory, and nothing is lost of it."""
    many = 3 << 20
    run(world, server, small, build=job(f"head -c {many} /dev/zero | tr '\\0' x"))
    code, written = on_terminal(world, "pipeline", "output", "1", "--server", server.url,
                                "--token-file", server.data / "token")
    assert code == 0
    assert "x" * many in written


def test_where_the_follower_cuts_it_names_the_command_for_the_rest(world, server, small):
    world.agent(server, small)
    repository = world.repository(config(
        test=job("true", "seq 200; exit $CIRCLE_NODE_INDEX", parallelism=2)))
    result = world.client(server, "run", repository.directory)
    assert result.returncode == 1
    command = re.search(r"^\(cut; all of it: muster (.*)\)$", result.stdout, re.M)
    assert "\n150\n" not in result.stdout and "\n200\n" in result.stdout
    again = world.client(server, *shlex.split(command[1]))
    assert again.returncode == 0
    assert again.stdout.startswith("1\n2\n")


def test_what_was_not_cut_needs_no_command(world, server, small):
    world.agent(server, small)
    result = world.client(server, "run", world.repository(config(a=job("echo x; false"))).directory)
    assert "muster pipeline output" not in result.stdout


def test_what_has_not_run_says_so(world, server, small):
    world.submit(server, config(build=job("true")))
    result = output(world, server, "1")
    assert (result.returncode, result.stdout) == (0, b"")
    assert result.stderr == b"build: no step has run (queued).\n"


def test_what_is_not_there(world, server, small):
    world.submit(server, config(build=job("true")))
    result = output(world, server, "1", "bulid")
    assert result.returncode == 2
    assert result.stderr == b"muster: pipeline 1 has no job 'bulid'; it has: build\n"
