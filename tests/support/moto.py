"""AWS, as moto fakes it over HTTP: with signatures and policies checked, as AWS does."""

import base64
import json
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

import boto3

from support.program import Program
from support.waiting import wait_until

REGION = "eu-west-1"
ACCOUNT = "123456789012"
SERVER = Path(__file__).with_name("moto_server.py")
LAYER_VERSION = re.compile(r"/2018-10-31/layers/[^/]+/versions/\d+$")


class Moto:
    """One server. Its administrator may do everything; whom else it knows, a test says."""

    region = REGION

    def __init__(self, directory, **environment):
        self.program = Program(
            "moto", [sys.executable, "-B", "-P", SERVER, "-H", "127.0.0.1", "-p", "0"], directory,
            {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **environment})
        found = wait_until(lambda: re.search(r"Running on (http://\S+)", self.program.output()),
                           what="moto listens")
        self.url = found[1]
        self.administrator = self.create_user(
            "administrator", [{"Effect": "Allow", "Action": "*", "Resource": "*"}])
        self.check_from_now_on()

    def check_from_now_on(self, unchecked_calls="0"):
        urlopen(Request(f"{self.url}/moto-api/reset-auth", data=unchecked_calls.encode(),
                        headers={"Content-Type": "text/plain"}), timeout=30).close()

    @contextmanager
    def unchecked(self):
        """moto takes the signatures of some calls for wrong that are right: GETs of Lambda."""
        self.check_from_now_on("1000")
        yield
        self.check_from_now_on()

    def client(self, service, keys=None):
        keys = keys or getattr(self, "administrator", None) or {
            "aws_access_key_id": "anybody", "aws_secret_access_key": "anything"}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)

    def environment(self, keys):
        """For a program that calls with these keys."""
        return {**{name.upper(): value for name, value in keys.items()},
                "AWS_REGION": REGION, "AWS_ENDPOINT_URL": self.url}

    def create_user(self, name, statements):
        """A user with this policy, and keys for it as boto3 wants them."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"aws_access_key_id": key["AccessKeyId"],
                "aws_secret_access_key": key["SecretAccessKey"]}

    def assume_role(self, name, statements):
        """Keys that end, with a session token, of a new role with this policy."""
        iam = self.client("iam")
        administrator = f"arn:aws:iam::{ACCOUNT}:user/administrator"
        trust = [{"Effect": "Allow", "Principal": {"AWS": administrator},
                  "Action": "sts:AssumeRole"}]
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(statements))
        keys = self.client("sts").assume_role(
            RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
        return {"aws_access_key_id": keys["AccessKeyId"],
                "aws_secret_access_key": keys["SecretAccessKey"],
                "aws_session_token": keys["SessionToken"]}

    def create_group(self, name, maximum):
        """An empty Auto Scaling group."""
        ec2 = self.client("ec2")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        ec2.create_launch_template(
            LaunchTemplateName=name,
            LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"})
        self.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=0, MaxSize=maximum, DesiredCapacity=0,
            AvailabilityZones=[REGION + "a"], NewInstancesProtectedFromScaleIn=True,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"})

    def create_lease_table(self, name):
        self.client("dynamodb").create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "group", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "group", "KeyType": "HASH"}])

    def record(self):
        """From now on calls are kept, for recorded()."""
        self.recorder("start-recording", b"")

    def recorded(self, access_key):
        """The actions that were called with a key, as a policy names them."""
        return {action for action, _, _ in self.recorded_calls(access_key)}

    def recorded_calls(self, access_key):
        """Of each: the action, the address and the body."""
        for line in self.recorder("download-recording").splitlines():
            call = json.loads(line)
            headers = {name.lower(): value for name, value in call["headers"].items()}
            signed = re.search(r"Credential=(\w+)/\d+/[\w-]+/(\w+)/",
                               headers.get("authorization", ""))
            if signed and signed[1] == access_key:
                body = base64.b64decode(call["body"]).decode() if call["body_encoded"] else (
                    call["body"])
                action = action_of(headers, call["method"], call["url"], body)
                yield f"{signed[2]}:{action}", call["url"], body

    def recorder(self, what, data=None):
        with urlopen(Request(f"{self.url}/moto-api/recorder/{what}", data=data),
                     timeout=30) as answer:
            return answer.read().decode()

    def close(self):
        self.program.stop()


def action_of(headers, method, url, body):
    """Of a recorded call: a header's, a form's, or the one that is known by its address."""
    if target := headers.get("x-amz-target"):
        return target.split(".")[-1]
    if method == "GET" and LAYER_VERSION.search(url):
        return "GetLayerVersion"
    return parse_qs(body)["Action"][0]


def policy(statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
