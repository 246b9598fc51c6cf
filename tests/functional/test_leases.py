"""A runner that falls silent loses its task, and only then."""

import os
import signal
import time

import pytest

from support.pipeline import config, job
from support.program import processes_in, worker_of
from support.waiting import wait_until

LEASE = 2  # seconds


def claimed(world, max_requeues=0, lease=f"{LEASE}s"):
    server = world.server(lease=lease)
    token = server.create_class("local/small", max_requeues)
    pipeline = world.submit(server, config(build=job("true")))
    return server, token, pipeline, server.claimer(token).claim()


def test_a_lapsed_task_ends_and_says_why(world):
    _, _, pipeline, attempt = claimed(world)
    assert attempt.task["lease_ms"] == LEASE * 1000
    assert attempt.task["ends_with_lease"] is False
    attempt.step().expect(204)
    attempt.output(b"half a li", 0).expect(200)

    pipeline.wait_for_state("infrastructure_fail")
    assert pipeline.wait()["state"] == "failed"
    assert "heartbeat" in pipeline.task()["message"].lower()
    assert pipeline.output().startswith("half a li\nLost contact with runner by-hand")
    attempt.heartbeat().expect(409)
    attempt.output(b"ne", 9).expect(409)
    attempt.finish().expect(409)


def test_between_two_steps_the_reason_is_a_step_of_its_own(world):
    _, _, pipeline, attempt = claimed(world)
    attempt.step().expect(204)
    attempt.output(b"whole\n", 0).expect(200)
    attempt.step(state="success", exit_code=0).expect(204)

    pipeline.wait_for_state("infrastructure_fail")
    assert pipeline.output() == "whole\n"  # it was declared complete
    last = pipeline.task()["steps"][-1]
    assert (last["name"], last["state"]) == ("Runner Instance Failure", "failed")
    assert pipeline.output(step=last["index"]).startswith("Lost contact with runner by-hand")


def test_heartbeats_keep_it(world):
    _, _, pipeline, attempt = claimed(world)
    end = time.monotonic() + 3 * LEASE
    while time.monotonic() < end:
        assert attempt.heartbeat(wait_ms=300).expect(200).json()["lease_ms"] == LEASE * 1000
    assert pipeline.task()["state"] == "running"
    attempt.finish().expect(204)
    assert pipeline.wait()["state"] == "success"


def test_a_class_may_queue_it_again_a_number_of_times(world):
    server, token, pipeline, first = claimed(world, max_requeues=1)
    assert first.task["ends_with_lease"] is True
    second = server.claimer(token).claim()  # waits until the first has lapsed
    assert second.task["task_id"] == first.task["task_id"]
    assert second.number == 2
    first.heartbeat().expect(409)
    first.finish().expect(409)

    pipeline.wait_for_state("infrastructure_fail")  # once is all that it may
    assert pipeline.task()["attempt"] == 2
    second.finish().expect(409)


def test_what_a_runner_could_not_run_is_queued_again_as_well(world):
    server, token, pipeline, first = claimed(world, max_requeues=1, lease="5m")
    first.finish("infrastructure_fail", "no room").expect(204)
    first.finish("infrastructure_fail", "no room").expect(204)  # as if its answer had been lost
    second = server.claimer(token).claim()
    assert (second.task["task_id"], second.number) == (first.task["task_id"], 2)
    first.finish("infrastructure_fail", "no room").expect(409)
    second.run()
    assert pipeline.wait()["state"] == "success"


def test_the_second_attempt_has_its_own_log(world):
    server, token, pipeline, first = claimed(world, max_requeues=1)
    first.step().expect(204)
    first.output(b"of the first attempt\n", 0).expect(200)
    second = server.claimer(token).claim()
    second.run(b"of the second\n")
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output() == "of the second\n"


def test_time_in_which_the_server_is_down_does_not_count(world):
    server, _, pipeline, attempt = claimed(world, lease="5s")
    attempt.heartbeat().expect(200)
    server.stop()
    time.sleep(6)  # longer than the lease: what is shown is that this time does not count
    server.start()
    attempt.heartbeat().expect(200)
    attempt.finish().expect(204)
    assert pipeline.wait()["state"] == "success"


@pytest.mark.threads
def test_the_agent_ends_its_work_before_its_lease_ends(world):
    """With requeues, no two attempts ever work at once: not even if the first cannot be told."""
    server = world.server(lease="3s")
    token = server.create_class("local/small", max_requeues=1)
    diary = world.place / "diary"
    diary.mkdir(mode=0o777)
    diary.chmod(0o777)
    command = (f'while date +%s.%N > {diary}/$$.now && mv {diary}/$$.now {diary}/$$; '
               'do sleep 0.1; done')
    pipeline = world.submit(server, config(build=job(f"echo begun; {command}")))
    world.agent(server, token)
    pipeline.wait_for_output("begun")

    server.program.signal(signal.SIGSTOP)  # it answers no heartbeat, and keeps the connection
    time.sleep(5)
    quiet_before = last_written(diary)
    time.sleep(1)
    assert last_written(diary) == quiet_before, "the task still works after its lease"
    server.program.signal(signal.SIGCONT)
    pipeline.cancel()
    pipeline.wait()


def stand_still(agent):
    """Both of its processes; what the job has started runs on."""
    worker = worker_of(agent)
    for pid in (agent.pid, worker):
        os.kill(pid, signal.SIGSTOP)

    def go_on():
        for pid in (worker, agent.pid):
            os.kill(pid, signal.SIGCONT)
    return go_on


def sleepers(world):
    """The processes of a job that sleeps."""
    def sleeps(pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as words:
                return words.read().startswith(b"sleep\0")
        except OSError:
            return False
    return [pid for pid in processes_in(world.place) if sleeps(pid)]


LATE = job("echo begun; (sleep 1; echo late) & sleep 1000 & setsid sleep 1001 & wait")


def test_an_agent_that_stood_still_for_its_lease_is_told_and_ends_its_job(world):
    server = world.server(lease="3s")
    agent = world.agent(server, server.create_class())
    pipeline = world.submit(server, config(build=LATE))
    pipeline.wait_for_output("begun")
    go_on = stand_still(agent)
    pipeline.wait_for_state("infrastructure_fail")
    told = pipeline.output()
    assert told.startswith("begun\n\nLost contact with runner")

    go_on()
    wait_until(lambda: "the server has ended" in agent.output(), 60, "the agent to be told")
    wait_until(lambda: not sleepers(world), 60, "the end of the job's processes")
    assert world.submit(server, config(build=job("true"))).wait()["state"] == "success"
    assert pipeline.task()["state"] == "infrastructure_fail"
    assert pipeline.output() == told


def test_the_late_words_of_an_agent_that_stood_still_do_not_reach_the_second_attempt(world):
    server = world.server(lease="3s")
    token = server.create_class("local/small", max_requeues=1)
    agent = world.agent(server, token)
    pipeline = world.submit(server, config(build=LATE))
    pipeline.wait_for_output("begun")
    go_on = stand_still(agent)
    second = server.claimer(token).claim(wait_ms=60000)
    assert second.number == 2
    second.step().expect(204)

    go_on()
    wait_until(lambda: "the server has ended" in agent.output(), 60, "the agent to be told")
    wait_until(lambda: not sleepers(world), 60, "the end of the job's processes")
    second.output(b"of the second\n", 0).expect(200)
    second.step(state="success", exit_code=0).expect(204)
    second.finish().expect(204)
    assert pipeline.wait()["state"] == "success"
    assert pipeline.output() == "of the second\n"


def last_written(diary):
    return sorted(path.read_text() for path in diary.iterdir() if not path.suffix)
