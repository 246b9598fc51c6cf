"""A stack that is there is deployed again: what follows, and what stays as it is."""

import base64
import re
import zipfile

import pytest
import yaml
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from support.alarms import Template
from support.moto import REGION, Moto
from support.root import ROOT
from support.stack import TEMPLATE, Stack

TOKENS = {"PersonalToken": "CCIPAT_personal_0123456789", "ClassToken": "class_token_abcdef0123456789"}
SETUP = "#!/bin/bash\napt-get install -y nodejs\n"


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"))
    yield server
    server.close()


@pytest.fixture
def stack(moto, tmp_path, request):
    """With two instances that the scaler has asked for."""
    name = re.sub("[^a-z]+", "-", request.node.name.removeprefix("test_"))[:40].strip("-")
    made = Stack(moto, tmp_path / "clone", name, bucket=f"b-{name}").made(**TOKENS)
    moto.client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=2)
    yield made
    moto.client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=0)
    made.delete()


def deployed(done):
    assert done.returncode == 0, done.stdout + done.stderr


def instances(stack):
    return {instance["InstanceId"] for instance in stack.group()["Instances"]}


def version_of(group):
    policy = group["MixedInstancesPolicy"]["LaunchTemplate"]
    return policy["LaunchTemplateSpecification"]["Version"]


def secrets_of(stack):
    read, made = stack.moto.client("secretsmanager").get_secret_value, stack.resources()
    return {name: read(SecretId=made[f"{name}OfStack"])["SecretString"] for name in TOKENS}


def setup_of(stack):
    coded = re.search(r"'([A-Za-z0-9+/=]*)'\n\n", stack.user_data())[1]
    return base64.b64decode(coded).decode()


def test_what_is_changed_is_followed_and_nothing_is_replaced(stack):
    before, there, group = stack.resources(), instances(stack), stack.group()
    assert len(there) == 2 and version_of(group) == "1"
    deployed(stack.deploy_again(MaximumInstances=7, InstanceType="m5.large", SetupScript=SETUP))

    group = stack.group()
    assert version_of(group) == "2"
    assert group["MaxSize"] == 7
    types = group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert [override["InstanceType"] for override in types] == ["m5.large"]
    assert setup_of(stack) == SETUP
    settings = yaml.safe_load(stack.configuration())["resource_classes"]["acme/linux"]
    assert (settings["min"], settings["max"]) == (0, 7)
    # The size is the scaler's, and who runs goes on running; tokens and the memory are kept.
    assert (group["DesiredCapacity"], instances(stack)) == (2, there)
    assert group["VPCZoneIdentifier"].split(",") == stack.subnets
    assert stack.resources() == before
    assert secrets_of(stack) == TOKENS


def test_what_instances_do_not_start_from_makes_no_version(stack):
    deployed(stack.deploy_again(InstanceType="m5.large", OnDemandPercentage=0, QueueWaitMinutes=20))
    policy = stack.group()["MixedInstancesPolicy"]
    assert policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 0
    assert [o["InstanceType"] for o in policy["LaunchTemplate"]["Overrides"]] == ["m5.large"]
    assert version_of(stack.group()) == "1"
    waits, = stack.moto.client("cloudwatch").describe_alarms(
        AlarmNames=[f"{stack.name}-queue-waits"])["MetricAlarms"]
    assert waits["EvaluationPeriods"] == 20


def test_with_nothing_changed_nothing_is_done(stack):
    done = stack.deploy_again()
    assert "No changes to deploy" in done.stderr, done
    assert version_of(stack.group()) == "1"


def test_a_new_package_is_what_new_instances_ask_for(stack):
    before, there = stack.resources(), instances(stack)
    with zipfile.ZipFile(stack.place / "build/package/instance.zip", "w") as archive:
        archive.writestr("muster", "a newer one")
    deployed(stack.package().deploy_again())
    after = stack.resources()
    assert {name for name in before if after[name] != before[name]} == {"InstancePackage"}
    assert after["InstancePackage"] in stack.user_data()
    assert before["InstancePackage"] not in stack.user_data()
    assert version_of(stack.group()) == "2"
    assert instances(stack) == there


def test_a_token_that_is_a_parameter_is_changed_in_its_secret(stack):
    before = stack.resources()
    deployed(stack.deploy_again(PersonalToken="CCIPAT_another"))
    assert stack.resources() == before
    assert secrets_of(stack) == {**TOKENS, "PersonalToken": "CCIPAT_another"}
    assert version_of(stack.group()) == "1"


def test_a_page_that_is_not_wanted_any_more_goes(stack):
    deployed(stack.deploy_again(WithDashboard="false"))
    assert "Dashboard" not in stack.resources()
    assert not [page for page in stack.moto.client("cloudwatch").list_dashboards()[
        "DashboardEntries"] if page["DashboardName"].startswith(stack.name)]
    deployed(stack.deploy_again(WithDashboard="true"))
    assert stack.resources()["Dashboard"] == f"{stack.name}-{REGION}"


def named_in(value):
    """What a part of the template refers to, in whichever way."""
    if isinstance(value, dict):
        for tag, of in value.items():
            if tag == "Ref":
                yield of
            elif tag == "GetAtt":
                yield str(of).partition(".")[0]
            elif tag == "If":
                yield of[0]
            elif tag == "Sub":
                text = of if isinstance(of, str) else of[0]
                yield from re.findall(r"\${([\w:]+)", text)
            yield from named_in(of)
    elif isinstance(value, list):
        for one in value:
            yield from named_in(one)


def test_which_parameter_replaces_what():
    """By AWS's schemas. None does so with the group, the table, a secret or a log: only the
    security group that the stack has made is of one network for good."""
    template = yaml.load((ROOT / TEMPLATE).read_text(), Template)
    found = set()
    for name, resource in template["Resources"].items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource["Type"]).schema
        for path in schema.get("createOnlyProperties", []):
            value = resource["Properties"].get(path.removeprefix("/properties/"))
            found |= {(name, what) for what in named_in([value])
                      if what in template["Parameters"] or what in template["Conditions"]}
    assert found == {("Closed", "Vpc")}
    # By these AWS would end what runs, or make another group in the old one's place.
    assert not {"UpdatePolicy", "UpdateReplacePolicy"} & template["Resources"]["Group"].keys()
