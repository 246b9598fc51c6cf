"""Fixtures: the strict AWS with one group, and boto3 that does not try again.

A test module imports those that it uses.
"""

import pytest

from support.aws_tools import NO_RETRIES
from support.strict import StrictAws


@pytest.fixture
def aws():
    server = StrictAws(replace_delay=0.3, retry_delay=0.1)
    yield server
    server.close()


@pytest.fixture
def group(aws):
    return aws.create_group("runners", maximum=10)


@pytest.fixture
def boto(aws):
    return aws.client(config=NO_RETRIES)
