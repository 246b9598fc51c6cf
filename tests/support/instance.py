"""An instance of a group: its file, its metadata service, and its role, and `muster instance`.

It has no keys and no region in its environment: all comes from the metadata service, as on EC2.
"""

import json
import subprocess

from support.imds import Imds
from support.program import FAULT

GROUP = "runners"
SECRET = "muster/class"
LOG_GROUP = "/muster/test/instances"
# What the role of an instance may do.
NEEDED = ["secretsmanager:GetSecretValue", "autoscaling:TerminateInstanceInAutoScalingGroup",
          "logs:CreateLogStream", "logs:PutLogEvents"]


def statements(actions):
    return [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]


class Instance:
    def __init__(self, world, aws, instance_id, *role_keys, **config):
        """`aws`: what has an url, and perhaps `groups` beside it (Moto or Cloud)."""
        self.world, self.id, self.keys = world, instance_id, list(role_keys)
        self.imds = Imds(instance_id, *role_keys)
        self.file = world.place / "instance.yaml"
        self.configure_as(**config)
        self.down = world.place / "down"  # a line for each time that it was shut down
        self.shutdown = f"echo down >> {self.down}"
        self.environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.imds.url}
        if aws is not None:
            groups = getattr(aws, "groups", aws)
            self.environment |= {"AWS_ENDPOINT_URL": getattr(aws, "moto", aws).url,
                                 "AWS_ENDPOINT_URL_AUTO_SCALING": groups.url}

    def configure_as(self, **config):
        self.file.write_text(json.dumps({
            "group": GROUP, "token_secret": SECRET, "resource_class": "local/small",
            "job_user": "nobody", **config}))

    def run(self, action, *arguments, **environment):
        done = self.world.run("instance", action, *arguments, deadline=200,
                              environment={**self.environment, **environment})
        assert not FAULT.search(done.stderr), done.stderr
        self.look_for_secrets(done.stdout + done.stderr)
        return done

    def configure(self, output, *arguments):
        return self.run("configure", "--config", self.file, "--output", output, *arguments)

    def release(self, *arguments, **environment):
        return self.run(*self.release_words(*arguments), **environment)

    def release_words(self, *arguments):
        return ["release", "--config", self.file, "--shutdown", self.shutdown, *arguments]

    def start(self, name, *arguments, **environment):
        return self.world.start(name, "instance", *arguments,
                                environment={**self.environment, **environment})

    def shut_down(self):
        """How often."""
        return len(self.down.read_text().splitlines()) if self.down.exists() else 0

    def look_for_secrets(self, text):
        for keys in self.keys:
            assert keys["aws_secret_access_key"] not in text
            assert keys["aws_session_token"] not in text

    def close(self):
        self.imds.close()


def recorded(moto, instance_id, log_group=LOG_GROUP):
    """What is in the instance's log stream."""
    events = moto.client("logs").get_log_events(
        logGroupName=log_group, logStreamName=instance_id, startFromHead=True)["events"]
    return [event["message"] for event in events]


def end_of(program):
    """The exit code of a program that ends by itself."""
    try:
        return program.wait(120)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"{program.name} does not end:\n{program.tail()}") from None
