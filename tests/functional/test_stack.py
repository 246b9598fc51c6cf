"""deploy/aws/muster.yaml, packaged and deployed with the real `aws` command into moto."""

import ast
import io
import json
import os
import re
import subprocess
import sys
from email.message import Message
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.parse import parse_qs

import pytest
import yaml

from support.alarms import Template, metrics
from support.moto import REGION, Moto
from support.pipeline import config, job
from support.root import ROOT
from support.stack import TEMPLATE, Stack, actions

PERSONAL, CLASS = "CCIPAT_personal_0123456789", "class_token_abcdef0123456789"
TOKENS = {"PersonalToken": PERSONAL, "ClassToken": CLASS}
SETUP = """#!/bin/bash
# What could be taken for something else: ${AWS::Region} $HOME 'quoted' "quoted" \\n END
apt-get install -y nodejs
"""


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def stack(moto, tmp_path_factory):
    """As most will deploy it."""
    return Stack(moto, tmp_path_factory.mktemp("clone")).made(**TOKENS, SetupScript=SETUP)


@pytest.fixture(scope="module")
def packaged(tmp_path_factory):
    """One in an AWS of its own, for what is refused."""
    server = Moto(tmp_path_factory.mktemp("moto"))
    yield Stack(server, tmp_path_factory.mktemp("clone")).package()
    server.close()


def test_cfn_lint_finds_nothing():
    done = subprocess.run([Path(sys.executable).with_name("cfn-lint"), ROOT / TEMPLATE], text=True,
                          capture_output=True, timeout=200)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


def test_the_template_can_be_deployed_without_a_bucket_of_its_own(stack):
    """CloudFormation takes 51,200 bytes as they are. The rest is for what comes next, and for names
    of a bucket that are longer."""
    assert (stack.place / "out.yaml").stat().st_size <= 51_200 - 3_072


def test_a_group_that_only_the_scaler_sizes(stack):
    group = stack.group()
    assert group["NewInstancesProtectedFromScaleIn"]
    assert (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]) == (0, 0, 20)
    assert group["VPCZoneIdentifier"].split(",") == stack.subnets
    mixed = group["MixedInstancesPolicy"]
    # No other that was not asked for, which may be too small for the jobs.
    assert [o["InstanceType"] for o in mixed["LaunchTemplate"]["Overrides"]] == ["m6i.large"]
    assert mixed["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 100
    # Set here, an update of the stack would set it back.
    assert not re.search(r"^ +DesiredCapacity:", (ROOT / TEMPLATE).read_text(), re.MULTILINE)


def test_instances_are_closed_and_end_when_they_shut_down(stack, moto):
    template = stack.launch_template()
    assert template["MetadataOptions"] == {
        "HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "enabled"}
    assert template["InstanceInitiatedShutdownBehavior"] == "terminate"
    assert template["ImageId"].startswith("ami-")
    assert "KeyName" not in template
    disk, = template["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] and disk["Ebs"]["DeleteOnTermination"]
    card, = template["NetworkInterfaces"]
    closed, = moto.client("ec2").describe_security_groups(
        GroupIds=card["Groups"])["SecurityGroups"]
    assert not closed["IpPermissions"] and closed["IpPermissionsEgress"]
    assert closed["VpcId"] == stack.vpc


def test_the_function_and_its_schedule(stack, moto):
    resources = stack.resources()
    with moto.unchecked():
        function = moto.client("lambda").get_function_configuration(
            FunctionName=resources["Scaler"])
        invoke = moto.client("lambda").get_function_event_invoke_config(
            FunctionName=resources["Scaler"])
    assert function["Runtime"] == "provided.al2023" and function["Handler"] == "bootstrap"
    assert function["Timeout"] == 60 and function["MemorySize"] == 128
    assert function["Environment"]["Variables"].keys() == {"MUSTER_CONFIG"}
    assert function["Role"].endswith(resources["ScalerRole"])
    assert (invoke["MaximumRetryAttempts"], invoke["MaximumEventAgeInSeconds"]) == (0, 60)
    events = moto.client("events")
    rule = events.describe_rule(Name=resources["EachMinute"])
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
    target, = events.list_targets_by_rule(Rule=resources["EachMinute"])["Targets"]
    assert target["Arn"] == function["FunctionArn"]
    table = moto.client("dynamodb").describe_table(TableName=resources["Leases"])["Table"]
    assert table["KeySchema"] == [{"AttributeName": "group", "KeyType": "HASH"}]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def secret_of(statements):
    return next(s["Resource"] for s in statements if "GetSecretValue" in str(s["Action"]))


def test_each_role_reads_its_own_token_alone(stack, moto):
    read = moto.client("secretsmanager").get_secret_value
    personal = secret_of(stack.statements("ScalerRole"))
    of_class = secret_of(stack.statements("InstanceRole"))
    assert personal != of_class
    assert read(SecretId=personal)["SecretString"] == PERSONAL
    assert read(SecretId=of_class)["SecretString"] == CLASS
    # The class's is named to the function, for the doctor of a person, and not opened to it.
    told = yaml.safe_load(stack.configuration())
    assert told["circleci"]["token_secret"] == personal
    group = told["resource_classes"]["acme/linux"]["auto_scaling_group"]
    assert group["longest_life"] == "5h10m60s30m"  # with its IdleSeconds: they may be two hours
    assert group["token_secret"] == of_class
    assert of_class not in str(stack.statements("ScalerRole"))
    assert of_class in stack.user_data() and personal not in stack.user_data()


def test_no_token_is_anywhere_else(stack, moto):
    cloudformation = moto.client("cloudformation")
    template = str(cloudformation.get_template(StackName=stack.name)["TemplateBody"])
    # AWS shows no parameter that is so marked; moto does.
    for name in TOKENS:
        assert re.search(rf"^  {name}:\n(    .*\n)*?    NoEcho: true\n", template, re.MULTILINE)
    shown = [template, stack.user_data(), str(stack.launch_template()), str(stack.outputs()),
             stack.configuration(), (stack.place / "out.yaml").read_text(), moto.program.output()]
    for token in TOKENS.values():
        assert not [text for text in shown if token in text]


def test_alarms_and_the_page_that_shows_them(stack, moto):
    watch = moto.client("cloudwatch")
    alarms = {a["AlarmName"]: a for a in watch.describe_alarms()["MetricAlarms"]}
    assert alarms.keys() == {f"runners-{name}" for name in (
        "queue-waits", "ends-unused", "boots-fail", "scaler-fails", "scaler-silent", "look-dead",
        "lost")}
    assert not moto.client("sns").list_subscriptions()["Subscriptions"]  # nobody was named
    printed = (ROOT / "src/fleet/embedded_metrics.cpp").read_text()
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [stack.outputs()["AlarmTopic"]]
        entry = name.removeprefix("runners-")
        assert alarm["AlarmDescription"].endswith(f" docs/operate.md#{entry}")
        assert f"\n### {entry}\n" in (ROOT / "docs/operate.md").read_text()
        assert metrics(alarm)
        for metric in metrics(alarm):
            if metric["Namespace"] == "Muster":
                assert f'sample("{metric["MetricName"]}"' in printed
                # Of no other stack of the same class.
                assert metric["Dimensions"] == [
                    {"Name": "FunctionName", "Value": stack.resources()["Scaler"]},
                    {"Name": "ResourceClass", "Value": "acme/linux"}]
    page = json.loads(watch.get_dashboard(DashboardName=f"runners-{REGION}")["DashboardBody"])
    shown = [line for w in page["widgets"] for line in w["properties"].get("metrics", [])]
    own = "FunctionName", stack.resources()["Scaler"]
    before = None  # a "." stands for what the line before has there
    for line in shown:
        whole = [before[i] if word == "." else word for i, word in enumerate(line)]
        namespace, metric, *dimensions = before = [w for w in whole if isinstance(w, str)]
        if namespace == "AWS/Lambda":
            assert tuple(dimensions[:2]) == own
        else:
            assert f'sample("{metric}"' in printed
            assert dimensions == [*own, "ResourceClass", "acme/linux"]


def test_only_the_lack_of_a_scaler_is_told_by_missing_data(stack, moto):
    """The alarm of a new stack that waits for its first metric is on, others are off."""
    for alarm in moto.client("cloudwatch").describe_alarms()["MetricAlarms"]:
        assert alarm["TreatMissingData"] == (
            "breaching" if alarm["AlarmName"] == "runners-scaler-silent" else "notBreaching")


def test_the_instances_settings_and_the_setup_script_come_as_they_were_given(stack):
    script = stack.user_data()
    names = {"__name__": "read"}
    before, _, _ = script.partition("\ndef http(")
    exec(compile(before, "user-data", "exec"), names)
    settings = yaml.safe_load(names["SETTINGS"])
    assert settings == {
        "group": "runners", "token_secret": secret_of(stack.statements("InstanceRole")),
        "resource_class": "acme/linux", "runner": "circleci", "runner_version": "", "idle_timeout": "60s",
        "api_url": "https://runner.circleci.com", "max_run_time": "5h", "job_user": "ci",
        "log_group": "/muster/runners/instances"}
    assert names["base64"].b64decode(names["SETUP"]).decode() == SETUP
    ast.parse(script, feature_version=(3, 9))  # Debian 11's; later ones have later ones


def bound_of(parameter):
    return int(re.search(rf"^  {parameter}:\n(?:    .*\n)*?    MaxLength: (\d+)\n",
                         (ROOT / TEMPLATE).read_text(), re.MULTILINE)[1])


def test_the_longest_user_data_is_one_that_ec2_takes(moto, tmp_path):
    """It takes 16 KB, before they are encoded."""
    def longest(parameter, beginning, end=""):
        return beginning + "x" * (bound_of(parameter) - len(beginning + end)) + end
    given = {"SetupScript": longest("SetupScript", "#!/bin/sh\n"),
             "ResourceClass": longest("ResourceClass", "acme/"),
             "ApiUrl": longest("ApiUrl", "https://"),
             "RunnerVersion": longest("RunnerVersion", "3."),
             "ClassTokenSecret": longest(
                 "ClassTokenSecret", f"arn:aws:secretsmanager:{REGION}:123456789012:secret:",
                 "-AbCd12"),
             "JobUser": "x" * 31, "Runner": "circleci", "IdleSeconds": 7200, "MaxRunHours": 72,
             "BootMinutes": 60}
    stack = Stack(moto, tmp_path / "clone", "s" * 128, bucket="longest").made(
        PersonalToken=PERSONAL, **given)
    script = stack.user_data()
    assert all(str(text) in script for name, text in given.items() if name != "SetupScript")
    assert len(script.encode()) <= 16_384
    # There is no other parameter in it.
    text = (ROOT / TEMPLATE).read_text()
    text = text[text.index("        UserData:"):text.index("\n  Group:\n")]
    summary = moto.client("cloudformation").get_template_summary(StackName=stack.name)
    parameters = {parameter["ParameterKey"] for parameter in summary["Parameters"]}
    assert given.keys() == parameters & set(re.findall(r"(?:!Ref |\${)(\w+)", text))


def functions_of(script):
    """Of the user data, without what it would do."""
    definitions = [part for part in ast.parse(script).body
                   if isinstance(part, (ast.Import, ast.ImportFrom, ast.FunctionDef))]
    names = {}
    exec(compile(ast.Module(definitions, []), "user-data", "exec"), names)
    return names


def test_its_life_is_bounded_before_the_runner_starts_and_after(stack, tmp_path):
    """By a timer that is set before anything may fail, and by one that the boot script is told of."""
    names, done = functions_of(stack.user_data()), []
    names.update(ETC=tmp_path, MUSTER=tmp_path, REGION=REGION,
                 install=lambda: done.append("installed"),
                 subprocess=SimpleNamespace(run=lambda words, check: done.append(words)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_REGION", "")
        patch.setattr(os, "execv", lambda program, words: done.append(words))
        names["main"]()
    timer, installed, boot = done
    assert {"--unit=muster-overdue", f"--on-active={10 * 60 - 30}"} < set(timer)
    assert installed == "installed"
    assert boot == ["boot", str(10 * 60 - 60), str(5 * 3600 + 10 * 60 + 60 + 3600)]


def test_instances_that_failed_together_do_not_ask_again_together(stack):
    """Two minutes in all, and no two of the same."""
    names = functions_of(stack.user_data())

    def pauses():
        slept = []
        names["time"] = SimpleNamespace(sleep=slept.append)
        with pytest.raises(RuntimeError, match="no package: gone"):
            names["insist"]("no package", lambda: (_ for _ in ()).throw(OSError("gone")))
        return slept
    first, second = pauses(), pauses()
    assert first != second
    assert all(80 < sum(slept) < 160 for slept in (first, second))


def refusal(body, **headers):
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return HTTPError("http://aws", 400, "", message, io.BytesIO(body))


@pytest.mark.parametrize("answer, code", (
    (refusal(b"<Error><Code>SignatureDoesNotMatch</Code><Message>token</Message></Error>"),
     "SignatureDoesNotMatch"),
    (refusal(b'{"__type":"ThrottlingException","message":"token"}'), "ThrottlingException"),
    (refusal(b'{"__type": "com.amazon.logs#InvalidParameter"}'), "InvalidParameter"),
    (refusal(b'{"Message":"token"}', x_amzn_errortype="AccessDeniedException:http://x"),
     "AccessDeniedException"),
    (refusal(b"token"), "")))
def test_of_a_refusal_its_code_alone_is_told(stack, answer, code):
    assert functions_of(stack.user_data())["told"](answer) == f"HTTP 400 {code}"


THROTTLED, THERE, AT_MINIMUM = (
    b'{"__type":"ThrottlingException"}', b'{"__type":"ResourceAlreadyExistsException"}',
    b"<Error><Code>ValidationError</Code></Error>")


@pytest.mark.parametrize("refused, asked", (
    ({"CreateLogStream": [THROTTLED], "PutLogEvents": [THROTTLED]},
     ["CreateLogStream", "PutLogEvents"] * 2 + ["end true"]),
    ({"CreateLogStream": [THERE]}, ["CreateLogStream", "PutLogEvents", "end true"]),
    ({"PutLogEvents": [THROTTLED] * 5}, ["CreateLogStream", "PutLogEvents"] * 5 + ["end true"]),
    ({"end true": [AT_MINIMUM] * 8},
     ["CreateLogStream", "PutLogEvents"] + ["end true"] * 8 + ["end false"])))
def test_a_failed_boot_is_on_record_and_ends_whatever_aws_refuses_at_first(stack, capsys, refused,
                                                                           asked):
    names, done = functions_of(stack.user_data()), []
    left = {action: list(bodies) for action, bodies in refused.items()}

    def aws(service, method, path, body, headers):
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if not action:
            action = "end " + parse_qs(body.decode())["ShouldDecrementDesiredCapacity"][0]
        done.append(action)
        if left.get(action):
            raise refusal(left[action].pop(0))

    names.update(aws=aws, metadata=lambda path: "i-1", LOG="instances",
                 time=SimpleNamespace(sleep=lambda seconds: None, time=lambda: 0),
                 subprocess=SimpleNamespace(run=lambda words: done.append(words[0])))
    names["release"]("boot: why")
    assert done == [*asked, "sh"]
    said = capsys.readouterr().out
    lost = "the reason is not in the log group: HTTP 400 ThrottlingException" in said
    assert "boot: why" in said and lost == (len(refused.get("PutLogEvents", [])) == 5)


def test_the_functions_configuration_is_one_that_muster_takes(world, server, small, moto,
                                                              tmp_path):
    """In full: with secrets that were there before, and a muster server."""
    secrets = moto.client("secretsmanager")
    arn = {name: secrets.create_secret(Name=name, SecretString=text)["ARN"] for name, text in (
        ("tutorial", json.dumps({"circle_token": server.token})), ("class", small))}
    stack = Stack(moto, tmp_path / "clone", "with-muster", bucket="others").made(
        ResourceClass="local/small", Runner="muster", ApiUrl=server.url, MaximumInstances=7,
        PersonalTokenSecret=arn["tutorial"], PersonalTokenField="circle_token",
        ClassTokenSecret=arn["class"], InstanceType2="m5.large", InstanceType3="m5a.large", OnDemandPercentage=0,
        ConcurrencyLimit=30, AllowSessionManager="true", KeyPair="mine", WithDashboard="false",
        AlarmEmail="a@b.example")
    assert "DashboardConsole" not in stack.outputs()
    assert stack.launch_template()["KeyName"] == "mine"
    assert len(stack.group()["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]) == 3
    shell, = [s for s in stack.statements("InstanceRole") if s["Sid"] == "OpenAShell"]
    assert shell["Condition"] == {"StringEquals": {"aws:RequestedRegion": REGION}}
    assert actions([shell]) == {"ssm:UpdateInstanceInformation", *(
        f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open")
        for kind in ("Control", "Data"))}
    told, = moto.client("cloudwatch").describe_alarms(
        AlarmNames=["with-muster-boots-fail"])["MetricAlarms"]
    topic, = told["AlarmActions"]
    subscribed, = moto.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscribed["Protocol"], subscribed["Endpoint"]) == ("email", "a@b.example")
    assert yaml.safe_load(stack.configuration())["circleci"]["concurrency_limit"] == 30
    file = tmp_path / "muster.yaml"
    file.write_text(stack.configuration())
    keys = stack.keys("ScalerRole")
    world.submit(server, config(build=job("true", parallelism=3)))
    planned = world.run("plan", "--config", file, environment=moto.environment(keys))
    assert planned.returncode == 0, planned.stderr
    assert "local/small" in planned.stdout and "launch 3," in planned.stdout, planned.stderr


def test_the_page_says_of_which_parameters_each_key_of_the_function_is_made():
    """What the function and the doctor say names the key."""
    text, page = (ROOT / TEMPLATE).read_text(), (ROOT / "docs/aws.md").read_text()
    text = text[text.index("MUSTER_CONFIG: !Sub"):text.index("  ScalerInvocation:")]
    names = {"Secret": "PersonalTokenSecret", "ClassSecret": "ClassTokenSecret"}
    made = {(key, frozenset(names.get(name, name) for name in re.findall(r"{(\w+)}", value)))
            for key, value in re.findall(r"(\w+): [\"']?((?:\${\w+}\w*)+)", text)}
    # A resource of the stack is not a person's to choose.
    made -= {("table", frozenset({"Leases"})), ("name", frozenset({"Group"}))}
    _, _, table = page.partition("| they say | the parameter |\n|---|---|\n")
    rows = [row.split("|")[1:3] for row in table.partition("\n\n")[0].splitlines()]
    shown = [(key.strip(" `").rpartition(".")[2], frozenset(re.findall(r"`(\w+)`", parameters)))
             for key, parameters in rows]
    assert len(shown) == len(made) and set(shown) == made


@pytest.mark.parametrize("given, overrides", (
    ({"InstanceType": "m5.large", "InstanceType2": "m5.large"}, ["m5.large"]),
    ({"InstanceType2": "m6i.large", "InstanceType3": "m6i.large"}, ["m6i.large"]),
    ({"InstanceType3": "m5.large"}, ["m6i.large", "m5.large"])))
def test_a_type_that_is_named_twice_is_tried_once(moto, tmp_path, given, overrides):
    name = "-".join(given)
    stack = Stack(moto, tmp_path / "clone", name, bucket=name.lower()).made(**TOKENS, **given)
    template = stack.group()["MixedInstancesPolicy"]["LaunchTemplate"]
    assert [o["InstanceType"] for o in template["Overrides"]] == overrides


SECRET = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:a/b"
WRONG = {
    "no class token": ({"ClassToken": ""}, "ClassTokenSecret, the ARN of a secret"),
    "no personal token": ({"PersonalToken": ""}, "PersonalTokenSecret, the ARN of a secret"),
    "two tokens": ({"ClassTokenSecret": f"{SECRET}-AbCd12"}, "not both"),
    "one secret": ({"PersonalToken": "", "ClassToken": "", "PersonalTokenSecret": f"{SECRET}-AbCd12",
                    "ClassTokenSecret": f"{SECRET}-AbCd12"}, "are one secret"),
    "one token": ({"ClassToken": PERSONAL}, "are one token"),
    "a token with an end of line": ({"ClassToken": "abc\n"}, "without a space or an end of line"),
    "a name, not an ARN": ({"ClassToken": "", "ClassTokenSecret": "mine"}, "the whole ARN"),
    # Of which the role's policy would allow nothing.
    "an ARN without its end": ({"ClassToken": "", "ClassTokenSecret": SECRET},
                               "with its last six characters"),
    "another's end": ({"PersonalToken": "", "PersonalTokenSecret": f"{SECRET}-AbCd1"},
                      "with its last six characters"),
    "a field of nothing": ({"PersonalTokenField": "token"}, "a member of PersonalTokenSecret"),
    "no class": ({"ResourceClass": "linux"}, "NAMESPACE/NAME"),
    "too many": ({"MaximumInstances": 1001}, "from 1 to 1000"),
    "a limit of none": ({"ConcurrencyLimit": 0}, "from 1 to 100000"),
    "none": ({"MaximumInstances": 0}, "disable the schedule"),
    "less than none": ({"MinimumInstances": -1}, "from 0 to 1000"),
    "a share above all": ({"OnDemandPercentage": 101}, "from 0 (all Spot) to 100"),
    "Graviton": ({"InstanceType": "m7g.large"}, "x86-64"),
    "Graviton second": ({"InstanceType2": "c7gn.large"}, "x86-64"),
    "a Mac": ({"InstanceType": "mac2.metal"}, "x86-64"),
    "a Mac second": ({"InstanceType2": "mac2-m2pro.metal"}, "x86-64"),
    "a Mac third": ({"InstanceType3": "mac2.metal"}, "x86-64"),
    "half a minute": ({"BootMinutes": "3.5"}, "whole number"),
    "no group": ({"SecurityGroup": "default"}, "the id of a security group"),
    "no image": ({"ImageId": "ubuntu"}, "the id of an AMI"),
    "a small disk": ({"DiskGigabytes": 4}, "from 8 to 16384"),
    "jobs of root": ({"JobUser": "root"}, "not root"),
    "two users": ({"JobUser": "ci root"}, "not root"),
    "no script": ({"SetupScript": "apt-get install -y nodejs"}, "#!/bin/bash"),
    "a long script": ({"SetupScript": "#!/bin/sh\n" + "#" * 4096}, "SetupScript"),
    "muster at CircleCI": ({"Runner": "muster"}, "Set ApiUrl to a muster server's"),
    "another runner": ({"Runner": "jenkins"}, "muster agent"),
    "no URL": ({"ApiUrl": "runner.circleci.com"}, "is https://HOST"),
    "no TLS": ({"ApiUrl": "http://muster.example"}, "would show the tokens"),
    "no days": ({"LogDays": 8}, "such as 7, 30 or 90"),
    "no address": ({"AlarmEmail": "me"}, "an e-mail address"),
    "idle for ever": ({"IdleSeconds": 86400}, "from 10 to 7200"),
}


def test_an_address_sends_no_token_over_a_network_in_the_clear():
    address = yaml.load((ROOT / TEMPLATE).read_text(), Template)["Parameters"]["ApiUrl"]
    for url, good in (("https://runner.circleci.com", True), ("http://127.0.0.1:8080", True),
                      ("http://localhost:8480", True), ("https://muster.example:8443", True),
                      ("http://muster.example", False), ("http://127.evil.example", False),
                      ("http://runner.circleci.com", False), ("http://10.0.0.1:80", False),
                      # What muster takes for no address of a server either.
                      ("https://circleci.example/a", False), ("https://u:p@circleci.example", False),
                      # The rule that muster agent has its own server compares the text.
                      ("https://runner.circleci.com/", False)):
        assert bool(re.fullmatch(address["AllowedPattern"], url)) == good, url


def numbers():
    """Of the parameters that are numbers: the name, the pattern, the least and the most."""
    text = (ROOT / TEMPLATE).read_text()
    text = text[text.index("\nParameters:"):text.index("\nRules:")]
    for name, block in re.findall(r"^  (\w+):\n((?:    .*\n)+)", text, re.MULTILINE):
        told = re.search(r"is a whole number from (\d+)(?: \(all Spot\))? to (\d+)", block)
        if told:
            pattern = re.search(r'AllowedPattern: "(.*)"', block)[1]
            yield name, pattern, int(told[1]), int(told[2])
        else:
            # A number of CloudFormation's may have a fraction, unless its values are listed.
            assert "Type: Number" not in block or "AllowedValues" in block, name


def test_a_number_is_whole_and_in_its_range():
    assert len(list(numbers())) == 8
    for name, pattern, least, most in numbers():
        taken = [n for n in range(20_000) if re.fullmatch(pattern, str(n))]
        assert taken == list(range(least, most + 1)), name
        for text in ("", f"{least}.5", f"{most}.0", f"0{most}", f"+{most}", f"{most}\n", "1e1", "-1"):
            assert not re.fullmatch(pattern, text), (name, text)


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_with_the_cure(packaged, case):
    changed, cure = WRONG[case]
    done = packaged.deploy(**{**TOKENS, **changed})
    assert done.returncode != 0
    assert cure in done.stderr, done.stderr
    assert not packaged.moto.client("autoscaling").describe_auto_scaling_groups()[
        "AutoScalingGroups"]


def test_a_subnet_of_another_network_is_refused(packaged):
    ec2 = packaged.moto.client("ec2")
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=other, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    done = packaged.deploy(**TOKENS, Subnets=f"{packaged.subnets[0]},{subnet}")
    assert done.returncode != 0 and "Give subnets of Vpc" in done.stderr, done.stderr


def everything(moto):
    """What of an account a stack of ours could leave behind."""
    asked = {
        "autoscaling": ("describe_auto_scaling_groups", "AutoScalingGroups"),
        "cloudwatch": ("describe_alarms", "MetricAlarms"),
        "dynamodb": ("list_tables", "TableNames"),
        "ec2": ("describe_launch_templates", "LaunchTemplates"),
        "events": ("list_rules", "Rules"),
        "iam": ("list_roles", "Roles"),
        "lambda": ("list_functions", "Functions"),
        "logs": ("describe_log_groups", "logGroups"),
        "secretsmanager": ("list_secrets", "SecretList"),
        "sns": ("list_topics", "Topics")}
    more = (("ec2", "describe_security_groups", "SecurityGroups"),
            ("iam", "list_instance_profiles", "InstanceProfiles"),
            ("lambda", "list_layers", "Layers"),
            ("cloudwatch", "list_dashboards", "DashboardEntries"))
    calls = [(service, *of) for service, of in asked.items()] + list(more)
    with moto.unchecked():
        return {(service, call): len(getattr(moto.client(service), call)()[key])
                for service, call, key in calls}


def test_deleted_it_leaves_nothing(tmp_path):
    moto = Moto(tmp_path)
    before = everything(moto)
    stack = Stack(moto, tmp_path / "clone").made(**TOKENS, AlarmEmail="a@b.example")
    made = everything(moto)
    assert all(made[kind] > before[kind] for kind in made), made
    stack.delete()
    assert everything(moto) == before
    moto.close()
