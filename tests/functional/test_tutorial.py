"""A function like the one of CircleCI's autoscaling tutorial, pointed at our server.

It is written anew here, but makes the same calls and reads the same members.
"""

import json
import urllib.request

from support.pipeline import config, job


def desired_capacity(url, resource_class, token, maximum):
    def ask(path):
        request = urllib.request.Request(f"{url}{path}?resource-class={resource_class}",
                                         headers={"Circle-Token": token})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read().decode("utf-8"))

    waiting = ask("/api/v2/tasks")
    running = ask("/api/v2/tasks/running")
    total = int(waiting["unclaimed_task_count"]) + int(running["running_runner_tasks"])
    return min(total, maximum)


def test_it_reads_the_demand(world, server, small):
    def desired(maximum=10):
        return desired_capacity(server.url, "local/small", server.token, maximum)

    assert desired() == 0
    world.submit(server, config(build=job("true", parallelism=3)))
    assert desired() == 3
    assert desired(maximum=2) == 2

    attempt = server.claimer(small).claim()
    assert desired() == 3  # two wait, one runs
    attempt.run()
    assert desired() == 2
