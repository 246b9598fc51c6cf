"""The AWS client against moto, with signatures and policies checked.

The client's own tests are asked for what no command does: those named AgainstAws do nothing
without the variables that are set here.
"""

import os
import subprocess

import pytest

from support.moto import REGION, Moto

ALLOWED = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:SetDesiredCapacity",
           "autoscaling:SuspendProcesses",
           "autoscaling:TerminateInstanceInAutoScalingGroup",
           "secretsmanager:GetSecretValue", "ssm:GetParameter"]
STATEMENTS = [{"Effect": "Allow", "Action": ALLOWED, "Resource": "*"}]


@pytest.fixture
def moto(tmp_path):
    server = Moto(tmp_path)
    yield server
    server.close()


@pytest.mark.parametrize("kind", ["create_user", "assume_role"])
def test_signed_calls_do_what_they_say(binary, moto, kind, tmp_path):
    moto.create_group("runners", maximum=5)
    moto.client("secretsmanager").create_secret(Name="circleci/token", SecretString="to ken+é")
    moto.client("ssm").put_parameter(Name="/circleci/token", Value="parameter",
                                     Type="SecureString")
    keys = getattr(moto, kind)("scaler", STATEMENTS)

    program = binary.parent / "muster_aws_test"
    assert program.exists(), f"{program} is not built"
    done = subprocess.run(
        [program, "--gtest_filter=AgainstAws.*"], text=True, capture_output=True, timeout=120,
        env={**{name.upper(): value for name, value in keys.items()}, "HOME": str(tmp_path),
             "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": moto.url, "AWS_REGION": REGION,
             "MUSTER_TEST_GROUP": "runners", "MUSTER_TEST_SECRET": "circleci/token",
             "MUSTER_TEST_PARAMETER": "/circleci/token"})

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout
    for secret in [keys["aws_secret_access_key"], keys.get("aws_session_token", "none")]:
        assert secret not in done.stdout + done.stderr
    group, = moto.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert group["DesiredCapacity"] == 2
    assert [i["ProtectedFromScaleIn"] for i in group["Instances"]] == [True, True]
    assert [p["ProcessName"] for p in group["SuspendedProcesses"]] == ["AZRebalance"]
