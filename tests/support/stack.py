"""The stack of deploy/aws/muster.yaml, deployed into moto with the real `aws` command."""

import base64
import os
import secrets
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from support.moto import REGION

ROOT = Path(__file__).parents[2]
TEMPLATE = "deploy/aws/muster.yaml"


class Deployed:
    """A stack that is there."""

    def __init__(self, moto, name="runners"):
        self.moto, self.name = moto, name

    def delete(self):
        cloudformation = self.moto.client("cloudformation")
        cloudformation.delete_stack(StackName=self.name)

    def resources(self):
        """Logical to physical ids."""
        answer = self.moto.client("cloudformation").describe_stack_resources(StackName=self.name)
        return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in answer["StackResources"]
                if "PhysicalResourceId" in r}

    def outputs(self):
        stack, = self.moto.client("cloudformation").describe_stacks(
            StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def group(self):
        group, = self.moto.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[self.name])["AutoScalingGroups"]
        return group

    def launch_template(self):
        version, = self.moto.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=self.resources()["LaunchTemplate"], Versions=["$Latest"])[
                "LaunchTemplateVersions"]
        return version["LaunchTemplateData"]

    def user_data(self):
        """What an instance is given, as a script."""
        return base64.b64decode(self.launch_template()["UserData"]).decode()

    def configuration(self):
        """The function's muster.yaml."""
        with self.moto.unchecked():
            function = self.moto.client("lambda").get_function_configuration(
                FunctionName=self.resources()["Scaler"])
        return function["Environment"]["Variables"]["MUSTER_CONFIG"]

    def statements(self, role):
        """All that a role of the stack allows."""
        iam, name = self.moto.client("iam"), self.resources()[role]
        documents = [iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                     for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]]
        assert not iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        return [statement for document in documents for statement in document["Statement"]]

    def keys(self, role):
        """Keys that end, with the rights of a role: moto lets no service take on one of its own.

        It compares actions and no resources, so these are for all.
        """
        return self.moto.assume_role(f"{self.name}-{role}-{secrets.token_hex(4)}", [
            {"Effect": "Allow", "Action": sorted(actions(self.statements(role))), "Resource": "*"}])

class Stack(Deployed):
    """A directory that looks like a clone with its packages made, and what is deployed from it."""

    def __init__(self, moto, place, name="runners", packages=None, bucket="packages"):
        super().__init__(moto, name)
        self.place, self.bucket = place, bucket
        (place / "deploy/aws").mkdir(parents=True)
        shutil.copy(ROOT / TEMPLATE, place / TEMPLATE)
        (place / "build/package").mkdir(parents=True)
        for kind in ("lambda", "instance"):
            file = place / f"build/package/{kind}.zip"
            if packages and kind in packages:
                shutil.copy(packages[kind], file)
            else:
                with zipfile.ZipFile(file, "w") as archive:
                    archive.writestr(kind, kind)
        moto.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        subnets = moto.client("ec2").describe_subnets()["Subnets"]
        self.vpc = subnets[0]["VpcId"]
        self.subnets = [subnet["SubnetId"] for subnet in subnets]
        self.parameters = {"ResourceClass": "acme/linux", "Vpc": self.vpc,
                           "Subnets": ",".join(self.subnets)}

    def aws(self, *words):
        """The `aws` command as the administrator: its outcome."""
        keys = {name.upper(): value for name, value in self.moto.administrator.items()}
        return subprocess.run(
            [Path(sys.executable).with_name("aws"), *map(str, words)], cwd=self.place, text=True,
            capture_output=True, timeout=200, env={
                **keys, "AWS_ENDPOINT_URL": self.moto.url, "AWS_DEFAULT_REGION": REGION,
                "HOME": str(self.place), "PATH": os.environ["PATH"], "AWS_PAGER": "",
                "AWS_MAX_ATTEMPTS": "1"})

    def package(self):
        done = self.aws("cloudformation", "package", "--s3-bucket", self.bucket, "--template-file",
                        TEMPLATE, "--output-template-file", "out.yaml")
        assert done.returncode == 0, done.stderr
        return self

    def deploy(self, **parameters):
        """The outcome of `aws cloudformation deploy`."""
        return self.deploy_again(**{**self.parameters, **parameters})

    def deploy_again(self, **parameters):
        """With those parameters named alone."""
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        return self.aws("cloudformation", "deploy", "--template-file", "out.yaml", "--stack-name",
                        self.name, "--capabilities", "CAPABILITY_IAM",
                        *(["--parameter-overrides", *overrides] if overrides else []))

    def made(self, **parameters):
        """The stack, deployed."""
        done = self.package().deploy(**parameters)
        assert done.returncode == 0, done.stdout + done.stderr
        return self


def actions(statements):
    """The names of the actions that are allowed."""
    found = set()
    for statement in statements:
        action = statement["Action"]
        found |= {action} if isinstance(action, str) else set(action)
    return found
