"""AWS's own tools, boto3 and the `aws` command, and what a test asks of them."""

import json
import subprocess
import sys
from datetime import timezone
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support.waiting import wait_until

NO_RETRIES = Config(retries={"total_max_attempts": 1})


def set_desired(boto, desired, **more):
    boto.set_desired_capacity(AutoScalingGroupName="runners", DesiredCapacity=desired, **more)


def states(group):
    return sorted(instance.state for instance in group.instances)


def settle(group, count):
    wait_until(lambda: states(group) == ["InService"] * count, what=f"{count} in service")
    return [instance.id for instance in group.instances]


def refused(call, *arguments, **named):
    """Code, status and message of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    answer = caught.value.response
    assert answer["Error"]["Type"] in ("Sender", "Receiver")
    assert answer["ResponseMetadata"]["RequestId"]
    return (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"],
            answer["Error"]["Message"])


def command(aws, tmp_path, *words):
    settings = tmp_path / ".aws" / "config"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("[default]\ncli_timestamp_format = iso8601\n")
    return subprocess.run(
        [str(Path(sys.executable).parent / "aws"), "--endpoint-url", aws.url, "--region",
         aws.region, "--output", "json", "autoscaling", *words],
        capture_output=True, text=True, timeout=120,
        env={**{name.upper(): value for name, value in aws.administrator.items()},
             "HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "AWS_MAX_ATTEMPTS": "1"})


def as_json(answer):
    """What boto3 says, as the `aws` command prints it."""
    return json.loads(json.dumps(
        {key: value for key, value in answer.items() if key != "ResponseMetadata"},
        default=lambda time: time.astimezone(timezone.utc).isoformat()))
