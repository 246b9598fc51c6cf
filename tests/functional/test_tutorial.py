"""A function like the one of CircleCI's autoscaling tutorial, pointed at our server.

It is written anew here, but makes the same calls and reads the same members. The group's instances
are the tutorial's, too: each shuts its machine down after a task, and tells nobody.
"""

import json
import urllib.error
import urllib.request

import pytest

from support.cloud import Cloud
from support.pipeline import config, job
from support.waiting import wait_until

ALLOWED = ["autoscaling:UpdateAutoScalingGroup", "secretsmanager:GetSecretValue"]


def desired_capacity(url, resource_class, token, maximum):
    def ask(path):
        request = urllib.request.Request(f"{url}{path}?resource-class={resource_class}",
                                         headers={"Circle-Token": token})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read().decode("utf-8"))
        except urllib.error.HTTPError as refused:  # the tutorial's does not look at the status
            return json.loads(refused.read().decode("utf-8"))

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


@pytest.mark.parametrize("resource_class, token", [("local/small", "wrong"), ("no/such", None)])
def test_a_refusal_is_no_demand_of_zero(server, small, resource_class, token):
    with pytest.raises(KeyError, match="unclaimed_task_count"):
        desired_capacity(server.url, resource_class, token or server.token, 10)


@pytest.fixture
def cloud(tmp_path):
    cloud = Cloud(tmp_path, replace_delay=0.1)
    yield cloud
    cloud.close()


class Function:
    """The whole of it, with the two permissions that the tutorial gives it."""

    def __init__(self, server, cloud):
        self.server = server
        cloud.moto.client("secretsmanager").create_secret(Name="cci", SecretString=json.dumps(
            {"resource_class": "local/small", "circle_token": server.token}))
        keys = cloud.assume_role("function", [
            {"Effect": "Allow", "Action": ALLOWED, "Resource": "*"}])
        self.secrets = cloud.moto.client("secretsmanager", keys)
        self.scaling = cloud.groups.client("autoscaling", keys)

    def invoke(self, maximum=10):
        secret = json.loads(self.secrets.get_secret_value(SecretId="cci")["SecretString"])
        desired = desired_capacity(
            self.server.url, secret["resource_class"], secret["circle_token"], maximum)
        self.scaling.update_auto_scaling_group(
            AutoScalingGroupName="runners", MinSize=0, MaxSize=maximum, DesiredCapacity=desired)


def in_service(group):
    return [i.id for i in group.instances if i.state == "InService"]


def test_its_group_follows_the_demand(world, server, small, cloud):
    group = cloud.groups.create_group("runners", maximum=0)
    function = Function(server, cloud)
    world.submit(server, config(build=job("true", parallelism=3)))
    function.invoke()
    wait_until(lambda: len(in_service(group)) == 3, what="three instances")

    server.claimer(small).claim().run()
    group.vanish(in_service(group)[0])
    wait_until(lambda: group.launched() == 4 and len(in_service(group)) == 3,
               what="another in its place")  # as nobody has lowered what is desired
    for _ in range(2):
        server.claimer(small).claim().run()
    function.invoke()
    assert group.desired == 0
    assert len(in_service(group)) == 3, "protected from scale-in"
    for name in in_service(group):
        group.vanish(name)
    wait_until(lambda: not group.instances, what="no instances")
    assert group.launched() == 4
