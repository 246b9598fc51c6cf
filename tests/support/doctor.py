"""Fixtures: the doctor, over moto, of one class whose instances are in a group there.

A test module imports those that it uses.
"""

import json
from datetime import datetime, timedelta, timezone

import pytest

from support.moto import REGION, Moto

LOOKS = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities",
         "autoscaling:DescribePolicies"]
ACTS = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
CLASS_TOKEN = "class-token-that-nobody-may-see"
NEEDED = [*LOOKS, *ACTS, "dynamodb:GetItem", "dynamodb:PutItem", "secretsmanager:GetSecretValue"]


def create_group(moto, name):
    """One of which nothing bad is to be said."""
    moto.create_group(name, maximum=20)
    moto.client("autoscaling").suspend_processes(
        AutoScalingGroupName=name, ScalingProcesses=["AZRebalance"])


@pytest.fixture
def moto(tmp_path):
    server = Moto(tmp_path)
    create_group(server, "runners")
    server.create_lease_table("muster")
    yield server
    server.close()


class Doctor:
    """The doctor, the user it calls AWS as, and the configuration that it is given."""

    def __init__(self, world, server, moto, allowed=NEEDED):
        self.world, self.moto = world, moto
        self.file = world.place / "doctor.yaml"
        self.keys = moto.create_user("scaler", [
            {"Effect": "Allow", "Action": allowed, "Resource": "*"}])
        self.environment = {**{k.upper(): v for k, v in self.keys.items()},
                            "AWS_ENDPOINT_URL": moto.url, "AWS_REGION": REGION,
                            "LC_ALL": "C.UTF-8"}
        self.secrets = [server.token, self.keys["aws_secret_access_key"], CLASS_TOKEN]
        moto.client("secretsmanager").create_secret(Name="class", SecretString=CLASS_TOKEN)
        token = world.place / "circleci.token"
        token.touch(mode=0o600)
        token.write_text(server.token)
        self.config = {
            "circleci": {"url": server.url, "token_file": str(token), "concurrency_limit": 20},
            "lease": {"table": "muster"},
            "resource_classes": {"local/small": {
                "max": 6, "auto_scaling_group": {"name": "runners", "token_secret": "class"}}}}
        self.scaling = moto.client("autoscaling")

    @property
    def small(self):
        return self.config["resource_classes"]["local/small"]

    def run(self, *arguments):
        self.file.write_text(json.dumps(self.config))
        done = self.world.run("doctor", "--config", self.file, *arguments,
                              environment=self.environment)
        for secret in self.secrets:
            assert secret not in done.stdout + done.stderr
        return done

    def look(self):
        """Its findings, by check."""
        before = self.state()
        done = self.run("--json")
        assert done.stderr == "", done.stderr
        assert self.state() == before, "it has changed something"
        findings = json.loads(done.stdout)
        assert all(f.keys() == {"check", "subject", "verdict", "text"} for f in findings)
        assert done.returncode == (1 if any(f["verdict"] == "bad" for f in findings) else 0)
        by_check = {}
        for found in findings:
            by_check.setdefault(found["check"], []).append(found)
        return by_check

    def verdict(self, check, verdict, *words):
        """That of the first finding of the check."""
        findings = self.look()
        assert check in findings, findings
        found = findings[check][0]
        assert found["verdict"] == verdict, found
        assert all(word in found["text"] for word in words), found
        return findings

    def state(self):
        groups = self.scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        items = [self.moto.client("dynamodb").scan(TableName=name)["Items"]
                 for name in self.moto.client("dynamodb").list_tables()["TableNames"]]
        return groups, items

    def put_in_charge(self, owner, seconds=300, group="runners", memory="{}"):
        until = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        self.moto.client("dynamodb").put_item(TableName="muster", Item={
            "group": {"S": f"{REGION}/{group}"}, "version": {"N": "7"}, "memory": {"S": memory},
            "owner": {"S": owner}, "expires_at_ms": {"N": str(int(until.timestamp() * 1000))}})

    def create_instance(self, group="runners"):
        self.scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=1)
        described, = self.scaling.describe_auto_scaling_groups(
            AutoScalingGroupNames=[group])["AutoScalingGroups"]
        return described["Instances"][0]["InstanceId"]


@pytest.fixture
def doctor(world, server, small, moto):
    return Doctor(world, server, moto)
