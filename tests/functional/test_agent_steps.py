"""Steps run as CircleCI runs them."""

from pathlib import Path

import pytest

from support.pipeline import config, job
from support.waiting import wait_until


@pytest.fixture
def run(world, server, small):
    """Runs one job to its end; its pipeline."""
    agent = world.agent(server, small)

    def run_job(*steps, files=None, expect="success", **keys):
        pipeline = world.submit(server, config(build=job(*steps, **keys)), files)
        assert pipeline.wait()["state"] == expect, told(pipeline)
        assert agent.running
        return pipeline
    return run_job


def told(pipeline):
    """All that the steps printed, for a failure."""
    task = pipeline.task()
    texts = [f"--- {s['name']}: {s['state']}\n{pipeline.output(task, s['index'])}"
             for s in task["steps"]]
    return "\n".join([task["message"], *texts])


def states(pipeline):
    return [(s["state"], s.get("exit_code")) for s in pipeline.task()["steps"]]


def test_orphans_that_have_ended_are_reaped_while_the_step_runs(run):
    """Else a long job that makes many takes all the ids that the machine has for processes."""
    run("""
        zombies() { cat /proc/[0-9]*/stat 2>/dev/null | grep -c ") Z $PPID " || true; }
        for n in $(seq 50); do (sleep 0.01 &); done
        for n in $(seq 600); do
            [ "$(zombies)" = 0 ] && [ $n -gt 1 ] && exit
            sleep 0.1
        done
        echo "$(zombies) zombies are left"; exit 1""")


def test_both_streams_in_order(run):
    command = "for n in 1 2 3 4 5; do echo out $n; echo err $n >&2; done"
    expected = "".join(f"out {n}\nerr {n}\n" for n in range(1, 6))
    assert run(command).output() == expected


def test_the_last_line_without_an_end(run):
    assert run("printf 'no newline'").output() == "no newline"


def test_much_output_is_whole(run):
    lines = 100_000
    text = run(f"seq 1 {lines}").output()
    assert text == "".join(f"{n}\n" for n in range(1, lines + 1))


@pytest.mark.parametrize("command, code", [
    ("exit 7", 7),
    ("false | cat", 1),           # pipefail
    ("false\necho not reached", 1),  # -e
    ("no-such-command-here", 127),
    ("kill -KILL $$", 137),
])
def test_exit_codes(run, command, code):
    pipeline = run(command, expect="failed")
    assert states(pipeline) == [("failed", code)]
    assert "not reached" not in pipeline.output()


def test_a_new_shell_per_step_but_bash_env_is_shared(run):
    pipeline = run("export LOST=1; echo 'export KEPT=yes' >> \"$BASH_ENV\"",
                   'echo "[${LOST:-}] [$KEPT]"')
    assert pipeline.output(step=1) == "[] [yes]\n"


def test_when_a_step_has_failed(run):
    pipeline = run({"run": {"name": "before", "command": "true", "when": "on_fail"}},
                   "exit 3",
                   {"run": {"name": "skipped", "command": "true"}},
                   {"run": {"name": "on failure", "command": "true", "when": "on_fail"}},
                   {"run": {"name": "always", "command": "true", "when": "always"}},
                   expect="failed")
    shown = [(s["name"], s["state"]) for s in pipeline.task()["steps"]]
    assert shown == [("exit 3", "failed"), ("on failure", "success"), ("always", "success")]


def test_environment_of_steps_and_jobs(run):
    pipeline = run(
        {"run": {"command": 'echo "$A $B $C"', "environment": {"B": "step", "C": "$HOME"}}},
        environment={"A": "job", "B": "job"})
    assert pipeline.output() == "job step $HOME\n"


def test_circle_variables(run, server):
    pipeline = run('for v in CI CIRCLECI CIRCLE_JOB CIRCLE_NODE_INDEX CIRCLE_NODE_TOTAL '
                   'CIRCLE_SHA1 CIRCLE_BRANCH CIRCLE_PIPELINE_ID CIRCLE_WORKFLOW_ID; '
                   'do echo "$v=${!v}"; done; [ "$CIRCLE_BUILD_NUM" -gt 0 ]')
    told = dict(line.split("=", 1) for line in pipeline.output().splitlines())
    status = pipeline.status()
    assert told == {
        "CI": "true", "CIRCLECI": "true", "CIRCLE_JOB": "build", "CIRCLE_NODE_INDEX": "0",
        "CIRCLE_NODE_TOTAL": "1", "CIRCLE_SHA1": status["revision"],
        "CIRCLE_BRANCH": status["branch"], "CIRCLE_PIPELINE_ID": status["id"],
        "CIRCLE_WORKFLOW_ID": status["workflows"][0]["id"]}


def test_directories(run):
    pipeline = run("checkout", "basename \"$PWD\"; mkdir sub",
                   {"run": {"command": "basename \"$PWD\"", "working_directory": "sub"}},
                   working_directory="~/here")
    assert pipeline.output(step=1) == "here\n"
    assert pipeline.output(step=2) == "sub\n"


def test_another_shell(run):
    pipeline = run({"run": {"command": "readlink /proc/$$/exe", "shell": "/bin/sh -e"}})
    assert pipeline.output().strip() == str(Path("/bin/sh").resolve())


def test_checkout_brings_exactly_the_commit(run, world, server, small):
    repository = world.repository(
        config(build=job("checkout", "git rev-parse HEAD; git status --porcelain; cat a.txt; "
                                     "test -x run.sh; readlink link")),
        {"a.txt": "first\n"})
    (repository.directory / "run.sh").write_text("#!/bin/sh\n")
    (repository.directory / "run.sh").chmod(0o755)
    (repository.directory / "link").symlink_to("a.txt")
    wanted = repository.commit({"a.txt": "second\n"})
    pipeline = repository.submit(server)
    repository.commit({"a.txt": "third\n"})  # after the submission: not for this pipeline
    world.agent(server, small)
    assert pipeline.wait()["state"] == "success", pipeline.output(step=1)
    assert pipeline.output(step=1) == f"{wanted}\nsecond\na.txt\n"


def test_background_steps_end_with_the_job(run, world):
    mark = f"mark-{world.place.name}"
    pipeline = run({"run": {"command": f"exec -a {mark} sleep 600", "background": True}},
                   "echo the next step goes on")
    assert states(pipeline)[1] == ("success", 0)
    assert not alive(mark)


def test_grandchildren_end_with_the_job(run, world):
    mark = f"mark-{world.place.name}"
    run(f"(setsid bash -c 'exec -a {mark} sleep 600' >/dev/null 2>&1 &) ; sleep 0.2; echo left")
    assert not alive(mark)


def test_a_grandchild_that_holds_the_output_does_not_hold_the_step(run):
    assert "begun" in run("sleep 600 & echo begun").output()


def test_silence_times_out(run):
    pipeline = run({"run": {"command": "echo begun; sleep 600", "no_output_timeout": "2s"}},
                   expect="failed")
    assert pipeline.task()["state"] == "timedout"
    assert pipeline.task()["message"] == "step 'echo begun; sleep 600' was silent for 2s"
    assert "Too long with no output" in pipeline.output()


def test_output_keeps_a_long_step_alive(run):
    run({"run": {"command": "for n in 1 2 3 4 5 6; do echo $n; sleep 0.5; done",
                 "no_output_timeout": "2s"}})


def test_nothing_is_left_in_the_working_directory(run, world):
    run("checkout", "echo x > made-by-the-job", files={"a.txt": "a"})
    wait_until(lambda: not list(world.place.glob("agent-*/work/*")), 30,
               "the end of the working directory, which is fresh for each task")


def alive(mark):
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cmdline").read_bytes().startswith(mark.encode()):
                    return True
            except OSError:
                continue
    return False
