"""An instance that a stack's group has launched: its machine, which boots, and AWS as it sees it."""

import os
import signal

import yaml

from support.front import Front
from support.machine import Machine, base_of_machines
from support.waiting import wait_until

PERSONAL = "personal-token-that-no-instance-knows"


class Launched:
    def __init__(self, fleet, stack, place):
        self.fleet, self.stack = fleet, stack
        self.scaling = fleet.moto.client("autoscaling")
        self.scaling.set_desired_capacity(AutoScalingGroupName=stack.name, DesiredCapacity=1)
        instance, = stack.group()["Instances"]
        self.id = instance["InstanceId"]
        self.keys = stack.keys("InstanceRole")
        self.front = Front(fleet.moto, self.keys, *self.package())
        self.machine = Machine(base_of_machines(), place / "machine", self.id, self.keys,
                               [self.front.url, fleet.server.url])

    def package(self):
        """Which layers the role may ask for; what is in the stack's, and its checksum."""
        allowed, = (s["Resource"] for s in self.stack.statements("InstanceRole")
                    if s["Action"] == "lambda:GetLayerVersion")
        made = yaml.safe_load((self.stack.place / "out.yaml").read_text())
        content = made["Resources"]["InstancePackage"]["Properties"]["Content"]
        zipped = self.fleet.moto.client("s3").get_object(
            Bucket=content["S3Bucket"], Key=content["S3Key"])["Body"].read()
        *_, name, version = self.stack.resources()["InstancePackage"].split(":")
        with self.fleet.moto.unchecked():
            layer = self.fleet.moto.client("lambda").get_layer_version(
                LayerName=name, VersionNumber=int(version))["Content"]
        return allowed, zipped, layer["CodeSha256"]

    def secrets(self):
        return (self.fleet.token, PERSONAL, self.keys["aws_secret_access_key"],
                self.keys["aws_session_token"])

    def boot(self, impatience=30):
        """`impatience`: how many seconds before BootMinutes are over a runner is missed."""
        usual = " * 60 - 30}"
        user_data = self.stack.user_data()
        assert user_data.count(usual) == 1
        self.program = self.machine.boot(user_data.replace(usual, f" * 60 - {impatience}}}"),
                                         AWS_ENDPOINT_URL=self.front.url)
        return self

    def tell_all_where_aws_is(self):
        """For units that are begun before the boot has told its own, as the timers are."""
        self.machine.do("systemctl", "set-environment", f"AWS_ENDPOINT_URL={self.front.url}")
        return self

    def booted(self):
        assert self.program.wait(200) == 0, self.machine.console()
        return self

    def wait_for_release(self, deadline=200):
        """By the group, with its desired capacity lowered."""
        wait_until(lambda: not self.stack.group()["Instances"], deadline,
                   "the end of the instance")
        assert self.stack.group()["DesiredCapacity"] == 0

    def wait_until_off(self):
        """Whoever entered it stops with what it runs there, which systemd stops in the end."""
        def is_off():
            os.kill(self.program.pid, signal.SIGCONT)
            return self.machine.is_off()
        wait_until(is_off, 110, "the end of the machine")

    def recorded(self):
        streams = self.fleet.moto.client("logs").get_log_events(
            logGroupName=f"/muster/{self.stack.name}/instances", logStreamName=self.id)
        return " | ".join(event["message"] for event in streams["events"])

    def close(self):
        self.machine.close()
        self.front.close()
        self.scaling.set_desired_capacity(AutoScalingGroupName=self.stack.name, DesiredCapacity=0)
        for instance in self.stack.group()["Instances"]:
            self.scaling.terminate_instance_in_auto_scaling_group(
                InstanceId=instance["InstanceId"], ShouldDecrementDesiredCapacity=False)
