"""200 tasks on 8 runners; the server is restarted twice, and one runner is killed."""

import signal

import pytest

from support.pipeline import config, job
from support.waiting import wait_until

JOBS, SLICES, RUNNERS, LINES = 4, 50, 8, 20

# Every line names its task and is numbered: one that is lost, doubled or misplaced is seen.
COMMAND = (f'for n in $(seq 1 {LINES}); do echo "$CIRCLE_JOB/$CIRCLE_NODE_INDEX line $n"; '
           'sleep 0.02; done')


def expected_log(job_name, index):
    return "".join(f"{job_name}/{index} line {n}\n" for n in range(1, LINES + 1))


@pytest.mark.timeout(900)
def test_every_task_ends_once_and_every_log_is_whole(world):
    server = world.server(lease="20s")
    token = server.create_class()
    agents = [world.agent(server, token) for _ in range(RUNNERS)]
    names = [f"job{n}" for n in range(JOBS)]
    pipeline = world.submit(server, config(
        **{name: job(COMMAND, parallelism=SLICES) for name in names}))

    def ended():
        return [task for task in pipeline.tasks() if task.get("ended_at")]

    wait_until(lambda: len(ended()) >= 30, 300, "30 tasks to end")
    server.kill()
    server.start()
    wait_until(lambda: len(ended()) >= 70, 300, "70 tasks to end")
    victim = busy_agent(pipeline, agents)
    victim.kill()
    wait_until(lambda: len(ended()) >= 110, 300, "110 tasks to end")
    server.restart()

    pipeline.wait(deadline=600)
    check_tasks(pipeline, names, victim)
    for agent in agents:
        if agent is not victim:
            agent.signal(signal.SIGTERM)
            assert agent.wait(60) == 0


def busy_agent(pipeline, agents):
    """Whose task has begun and is not near its end."""
    by_name = {agent.name: agent for agent in agents}

    def find():
        return next((by_name[task["runner"]] for task in pipeline.tasks()
                     if task["state"] == "running" and task["steps"]), None)
    return wait_until(find, 60, "a busy agent")


def check_tasks(pipeline, names, victim):
    tasks = [(name, task) for name in names for task in pipeline.tasks(name)]
    assert len({task["id"] for _, task in tasks}) == JOBS * SLICES
    lost = [task for _, task in tasks if task["state"] != "success"]
    # The kill may fall between two tasks of the victim: then it had just claimed, or had none.
    assert len(lost) <= 1
    for task in lost:
        assert task["state"] == "infrastructure_fail" and task["runner"] == victim.name
    for name, task in tasks:
        assert task["attempt"] == 1
        assert task["started_at"] and task.get("ended_at")
        if task["state"] == "success":
            assert pipeline.output(task) == expected_log(name, task["index"])
