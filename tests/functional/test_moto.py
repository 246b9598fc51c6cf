"""The AWS that other tests see: what they rely on, and moto alone does not do."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.moto import Moto

CALLERS = 4


@pytest.fixture
def moto(tmp_path):
    server = Moto(tmp_path)
    server.create_group("runners", maximum=200)
    yield server
    server.close()


def shown(client):
    group, = client.describe_auto_scaling_groups(
        AutoScalingGroupNames=["runners"])["AutoScalingGroups"]
    return group["DesiredCapacity"], [i["InstanceId"] for i in group["Instances"]]


def test_calls_at_the_same_time_change_a_group_one_after_the_other(moto):
    clients = [moto.client("autoscaling") for _ in range(CALLERS)]

    def set_desired(client):
        client.set_desired_capacity(AutoScalingGroupName="runners", DesiredCapacity=40)

    def end(of_one):
        client, ids = of_one
        for name in ids:
            client.terminate_instance_in_auto_scaling_group(
                InstanceId=name, ShouldDecrementDesiredCapacity=True)

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(set_desired, clients))
        desired, instances = shown(clients[0])
        assert (desired, len(instances)) == (40, 40)
        list(callers.map(end, [(c, instances[k::CALLERS]) for k, c in enumerate(clients)]))
    assert shown(clients[0]) == (0, [])
