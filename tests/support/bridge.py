"""Between an Auto Scaling group and this machine: an instance in service is a real runner.

A runner that ends takes its instance with it and lowers the desired capacity, as an instance does
that looks after itself. An instance that the group has ended takes its runner with it.
"""

import json
import threading

from botocore.exceptions import ClientError


class Bridge:
    def __init__(self, world, server, token, scaling, group, boots=lambda name: True,
                 environment=None):
        self.environment = environment or {}  # of each runner: a job must see nothing of it
        self.world, self.scaling, self.group, self.boots = world, scaling, group, boots
        self.settings = world.place / "instance.yaml"
        self.settings.touch(mode=0o600)
        self.settings.write_text(json.dumps({
            "api": {"auth_token": token, "url": server.url},
            "runner": {"mode": "single-task", "idle_timeout": "5s"}}))
        self.runners = {}  # instance id to program; None for one that never boots
        self.released = set()
        self.killed = set()  # ended by the group before their only task had ended
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(0.2):
            try:
                in_service = {i["InstanceId"] for i in self.instances()
                              if i["LifecycleState"] == "InService"}
            except ClientError as refused:
                assert refused.response["Error"]["Code"] == "Throttling", refused
                continue
            for name in in_service - self.runners.keys():
                self.runners[name] = self.boot(name) if self.boots(name) else None
            for name, runner in self.runners.items():
                if runner is None or name in self.released:
                    continue
                if not runner.running:
                    self.release(name)
                elif name not in in_service:
                    runner.kill()
                    if "task ended" not in runner.output():
                        self.killed.add(name)
                    self.released.add(name)

    def boot(self, name):
        return self.world.start(f"runner-{name}", "agent", "--config", self.settings,
                                environment={**self.environment, "CIRCLECI_RUNNER_NAME": name})

    def release(self, name, decrement=True):
        """As `muster instance release` does it: at the group's minimum, without lowering it."""
        try:
            self.scaling.terminate_instance_in_auto_scaling_group(
                InstanceId=name, ShouldDecrementDesiredCapacity=decrement)
        except ClientError as refused:
            code, words = refused.response["Error"]["Code"], str(refused)
            if code in ("Throttling", "ScalingActivityInProgress"):
                return  # asked again in the next round
            assert code == "ValidationError", refused
            if "equals minSize" in words and decrement:
                return self.release(name, decrement=False)
            assert "not found" in words, refused  # the scaler was quicker
        self.released.add(name)

    def describe(self):
        groups = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.group])
        return groups["AutoScalingGroups"][0]

    def instances(self):
        return self.describe()["Instances"]

    def stop(self):
        self.stopping.set()
        self.thread.join()
