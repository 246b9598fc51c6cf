"""`muster doctor` finds each thing that would bite, says what to do, and changes nothing.

Our server in the place of CircleCI, moto in that of AWS: with signatures and policies checked.
"""

import json
import sqlite3
import time
from contextlib import closing

import pytest

from support.doctor import LOOKS, NEEDED, Doctor, doctor, moto
from support.moto import ACCOUNT, REGION
from support.scripted import Scripted
from support.small_disk import fill
from support.waiting import wait_until


def test_all_is_good_and_named_so(doctor, server, small, world):
    instance = doctor.create_instance()
    doctor.put_in_charge("process 7 on elsewhere")
    server.claimer(small, instance).ask().expect(204)
    findings = doctor.look()
    assert {f["verdict"] for each in findings.values() for f in each} == {"good"}, findings
    assert findings.keys() >= {
        "token-file", "token-accepted", "class", "runners", "concurrency", "clock", "credentials",
        "identity", "group-exists", "group-protection", "az-rebalance", "suspended-processes",
        "group-minimum", "group-maximum", "launches", "runner-names", "lost-instances",
        "scaling-policies",
        "permission-resize", "permission-end", "class-token", "lease-table", "lease-write",
        "in-charge"}
    shown = doctor.run()
    assert shown.returncode == 0 and "✓ az-rebalance" in shown.stdout
    assert "0 bad, 0 unknown" in shown.stdout.splitlines()[-1]
    doctor.environment["LC_ALL"] = "C"
    assert doctor.run().stdout.isascii()


def test_a_wrong_token(doctor):
    file = doctor.world.place / "circleci.token"
    file.write_text("of-somebody-else")
    doctor.secrets.append("of-somebody-else")
    findings = doctor.verdict("token-accepted", "bad", "personal API token")
    assert findings["group-exists"][0]["verdict"] == "good"  # the rest is looked at


def test_a_class_that_is_not_there_hides_no_other(doctor):
    doctor.config["resource_classes"]["acme/nope"] = {
        "max": 1, "auto_scaling_group": {"name": "nope"}}
    findings = doctor.look()
    verdicts = {f["subject"]: f for f in findings["class"]}
    assert verdicts["local/small"]["verdict"] == "good"
    assert verdicts["acme/nope"]["verdict"] == "bad"
    assert "another organisation" in verdicts["acme/nope"]["text"]
    assert "resource-class create acme/nope" in verdicts["acme/nope"]["text"]
    groups = {f["subject"]: f["verdict"] for f in findings["group-exists"]}
    assert sorted(groups.values()) == ["bad", "good"]


@pytest.mark.parametrize("change", [{"name": "runner"}, {"region": "us-east-1"}])
def test_a_group_that_is_not_there_or_not_in_this_region(doctor, change):
    doctor.small["auto_scaling_group"].update(change)
    doctor.verdict("group-exists", "bad", "correct its name or its region")


@pytest.mark.parametrize("change, check, verdict, words", [
    ({"NewInstancesProtectedFromScaleIn": False}, "group-protection", "bad",
     "--auto-scaling-group-name runners --new-instances-protected-from-scale-in"),
    ({"MinSize": 1, "DesiredCapacity": 1}, "group-minimum", "bad", "--min-size 0"),
    ({"MaxSize": 3}, "group-maximum", "warning", "--max-size 6"),
])
def test_a_group_that_is_set_otherwise(doctor, change, check, verdict, words):
    doctor.scaling.update_auto_scaling_group(AutoScalingGroupName="runners", **change)
    doctor.verdict(check, verdict, words)


def test_processes_that_should_be_off_or_on(doctor):
    doctor.scaling.resume_processes(AutoScalingGroupName="runners")
    doctor.verdict("az-rebalance", "warning", "suspend-processes", "AZRebalance")
    doctor.scaling.suspend_processes(AutoScalingGroupName="runners", ScalingProcesses=["Launch"])
    doctor.verdict("suspended-processes", "bad", "resume-processes", "Launch")


def test_an_instance_without_protection_is_named(doctor):
    instance = doctor.create_instance()
    doctor.scaling.set_instance_protection(
        AutoScalingGroupName="runners", InstanceIds=[instance], ProtectedFromScaleIn=False)
    doctor.verdict("instance-protection", "warning", "set-instance-protection", instance)


def test_a_policy_of_the_group_is_another_scaler(doctor):
    doctor.scaling.put_scaling_policy(AutoScalingGroupName="runners", PolicyName="up",
                                      AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
    doctor.verdict("scaling-policies", "bad", "delete-policy", "--policy-name up")


def test_two_classes_of_one_group(doctor, server):
    server.create_class("local/large")
    doctor.config["resource_classes"]["local/large"] = {
        "max": 2, "auto_scaling_group": {"name": "runners", "region": REGION}}
    findings = doctor.verdict("one-class", "bad", "local/small and local/large")
    assert len(findings["group-exists"]) == 1


@pytest.mark.parametrize("missing, check, verdict", [
    ("autoscaling:DescribeAutoScalingGroups", "group-exists", "bad"),
    ("autoscaling:DescribeScalingActivities", "launches", "bad"),
    ("autoscaling:SetDesiredCapacity", "permission-resize", "bad"),
    ("autoscaling:TerminateInstanceInAutoScalingGroup", "permission-end", "unknown"),
    ("dynamodb:GetItem", "lease-table", "bad"),
    ("dynamodb:PutItem", "lease-write", "bad"),
])
def test_a_missing_permission_is_named(world, server, small, moto, missing, check, verdict):
    doctor = Doctor(world, server, moto, allowed=[a for a in NEEDED if a != missing])
    doctor.verdict(check, verdict, "allow " + missing, "in the policy of the user scaler")


def test_whom_aws_takes_it_for_and_whose_policy_is_to_be_changed(doctor, moto):
    """It needs no permission of its own for that."""
    doctor.verdict("identity", "good", f"the user scaler (arn:aws:iam::{ACCOUNT}:user/scaler)")
    keys = moto.assume_role("runners-ScalerRole-1", [
        {"Effect": "Allow", "Action": LOOKS, "Resource": "*"}])
    doctor.environment |= {name.upper(): value for name, value in keys.items()}
    doctor.secrets += [keys["aws_secret_access_key"], keys["aws_session_token"]]
    role = "the role runners-ScalerRole-1"
    findings = doctor.verdict(
        "identity", "good",
        f"{role} (arn:aws:sts::{ACCOUNT}:assumed-role/runners-ScalerRole-1/test)")
    for check in ("permission-resize", "permission-end", "lease-table"):
        assert f"in the policy of {role}" in findings[check][0]["text"], findings[check]


def test_the_scaler_is_not_to_be_given_what_only_the_doctor_looks_at(world, server, small, moto):
    allowed = [a for a in NEEDED if a != "autoscaling:DescribePolicies"]
    findings = Doctor(world, server, moto, allowed).verdict(
        "scaling-policies", "unknown", "not looked at", "run doctor with your own credentials")
    assert "allow" not in findings["scaling-policies"][0]["text"]


@pytest.mark.parametrize("kept, why", [
    (" ", "is empty"), ('{"tokn": "hush"}', 'is JSON without a member "token"'),
    ('{"token": "hush"', "begins as JSON and is none"), ("hush hush", "holds no token, which is one word")])
def test_a_secret_of_the_class_that_holds_no_token(doctor, kept, why):
    doctor.secrets.append("hush")
    doctor.moto.client("secretsmanager").put_secret_value(SecretId="class", SecretString=kept)
    doctor.verdict("class-token", "bad", f"the secret 'class' {why}: put the token of a resource "
                   "class there", "put-secret-value --secret-id class")


def test_a_secret_of_the_class_that_is_not_there_or_not_named(doctor):
    group = doctor.small["auto_scaling_group"]
    group["token_secret"] = "nope"
    doctor.verdict("class-token", "bad", f"the secret 'nope' in {REGION}",
                   ": create it, or correct token_secret")
    del group["token_secret"]
    doctor.verdict("class-token", "unknown", "not looked at: set auto_scaling_group.token_secret")
    group["token_secret"] = ""
    done = doctor.run()
    assert done.returncode == 2 and "auto_scaling_group.token_secret: is empty" in done.stderr


def test_the_scaler_need_not_read_the_token_of_the_class(world, server, small, moto):
    """Nor may it: with its rights the doctor says who can have it looked at."""
    allowed = [a for a in NEEDED if a != "secretsmanager:GetSecretValue"]
    findings = Doctor(world, server, moto, allowed).verdict(
        "class-token", "unknown", "'class' is not looked at", "run doctor with your own")
    assert "bad" not in {f["verdict"] for each in findings.values() for f in each}


def test_wrong_credentials_and_none(doctor):
    doctor.environment["AWS_SECRET_ACCESS_KEY"] = "wrong-secret"
    doctor.secrets.append("wrong-secret")
    doctor.verdict("group-exists", "bad", "the secret does not belong to this key")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del doctor.environment[name]
    doctor.environment["AWS_EC2_METADATA_DISABLED"] = "true"
    findings = doctor.verdict("credentials", "bad", "there are no AWS credentials")
    assert findings["group-exists"][0]["verdict"] == "unknown"
    assert findings["class"][0]["verdict"] == "good"


def test_expired_credentials(doctor):
    answer = {"Error": {"Code": "ExpiredToken", "Message": "The security token is expired"}}
    body = {"__type": "ExpiredToken", "message": answer["Error"]["Message"]}
    aws = Scripted(lambda method, path: (403, body))
    doctor.environment["AWS_ENDPOINT_URL"] = aws.url
    try:
        doctor.verdict("group-exists", "bad", "ExpiredToken", "renew the credentials")
    finally:
        aws.close()


def test_no_region(doctor):
    del doctor.environment["AWS_REGION"]
    doctor.environment["AWS_EC2_METADATA_DISABLED"] = "true"
    findings = doctor.verdict("region", "bad", "AWS_REGION")
    assert findings["class"][0]["verdict"] == "good"


def test_a_lease_table_that_is_not_there_or_has_another_key(doctor):
    doctor.config["lease"]["table"] = "nope"
    doctor.verdict("lease-table", "bad", f"there is no DynamoDB table nope in {REGION}", "'group' of type S")
    doctor.moto.client("dynamodb").create_table(
        TableName="other", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    doctor.config["lease"]["table"] = "other"
    doctor.verdict("lease-table", "bad", "'group' of type S")


def test_who_is_in_charge(doctor):
    doctor.verdict("in-charge", "warning", "nobody has ever been in charge", "see that the scaler")
    doctor.put_in_charge("process 7 on elsewhere")
    doctor.verdict("in-charge", "good", "process 7 on elsewhere is in charge until")
    doctor.put_in_charge("process 7 on elsewhere", seconds=-60)
    doctor.verdict("in-charge", "warning", "nobody is in charge now", "see that the scaler")


def test_a_lease_that_no_scaler_can_have(doctor):
    doctor.put_in_charge("somebody", seconds=10**9)
    doctor.verdict("in-charge", "warning", "longer than a lease lasts",
                   f"delete the item {REGION}/runners")


def test_a_group_that_is_scaled_for_another_class(doctor):
    memory = json.dumps({"resource_class": "local/large"})
    doctor.put_in_charge("process 7 on elsewhere", memory=memory)
    doctor.verdict("in-charge", "bad", "scaled for local/large, by process 7 on elsewhere",
                   "give each class a group of its own")
    doctor.put_in_charge("process 7 on elsewhere", seconds=-60, memory=memory)
    doctor.verdict("in-charge", "warning", "nobody is in charge now")


def test_a_memory_that_cannot_be_read(doctor):
    doctor.put_in_charge("", memory="[]")
    doctor.verdict("memory", "bad", "local/small: what is remembered cannot be read",
                   f"delete the item {REGION}/runners")
    del doctor.config["lease"]
    state = doctor.world.place / "state"
    doctor.config["state_directory"] = str(state)
    assert "memory" not in doctor.look(), "no scaler has worked here yet"
    doctor.world.run("scale", "--config", doctor.file, "--once", environment=doctor.environment)
    doctor.verdict("memory", "good")
    with closing(sqlite3.connect(state / "scaler.db")) as database, database:
        database.execute("INSERT OR REPLACE INTO memory (resource_class, memory) "
                         "VALUES ('local/small', '[]')")
    doctor.verdict("memory", "bad", "local/small", "move", "scaler.db away")
    (state / "scaler.db").write_text("no database")
    doctor.verdict("memory", "bad", "scaler.db")


def test_without_a_lease_nothing_keeps_others_away(doctor):
    del doctor.config["lease"]
    doctor.config["state_directory"] = str(doctor.world.place / "state")
    findings = doctor.verdict("lease", "warning", "lease.table")
    others, = findings["other-scalers"]
    assert others["verdict"] == "unknown" and "set lease.table" in others["text"]
    assert findings["state-directory"][0]["verdict"] == "good"
    assert not (doctor.world.place / "state").exists()


def test_a_disk_without_room_for_decisions(doctor, small_disk):
    del doctor.config["lease"]
    doctor.config["state_directory"] = str(small_disk / "state")
    doctor.verdict("state-directory", "warning", "has only 8 MiB", "make room")
    fill(small_disk)
    doctor.verdict("state-directory", "bad", "has no room left", "make room")


def test_a_runner_of_another_name(doctor, server, small):
    server.claimer(small, "my-laptop").ask().expect(204)
    doctor.verdict("runner-names", "warning", "my-laptop")
    instance = doctor.create_instance()
    doctor.verdict("runner-names", "bad", "my-laptop", "CIRCLECI_RUNNER_NAME")
    server.claimer(small, instance).ask().expect(204)
    doctor.verdict("runner-names", "warning", "of 2 runners", "1 is no instance of the group: "
                   "my-laptop; leave machines of your own", "CIRCLECI_RUNNER_NAME")


def test_the_plans_limit(doctor):
    doctor.config["circleci"]["concurrency_limit"] = 5
    doctor.verdict("concurrency", "warning", "lets 5 tasks run at once")
    del doctor.config["circleci"]["concurrency_limit"]
    doctor.verdict("concurrency", "unknown", "circleci.concurrency_limit")
    doctor.config["circleci"]["concurrency_limit"] = 0
    done = doctor.run()
    assert done.returncode == 2 and "circleci.concurrency_limit" in done.stderr


def test_a_token_that_cannot_be_read_hides_nothing(doctor):
    (doctor.world.place / "circleci.token").unlink()
    findings = doctor.verdict("token-file", "bad", "put a personal API token of CircleCI there")
    assert findings["group-exists"][0]["verdict"] == "good"


def test_a_token_that_aws_keeps(doctor, server):
    doctor.moto.client("secretsmanager").create_secret(Name="circleci", SecretString=server.token)
    del doctor.config["circleci"]["token_file"]
    doctor.config["circleci"]["token_secret"] = "circleci"
    doctor.verdict("token-accepted", "good")
    doctor.config["circleci"]["token_secret"] = "nope"
    doctor.verdict("token", "bad", f"the secret 'nope' in {REGION}",
                   ": create it, or correct circleci.token_secret")


def test_a_secret_with_members_is_not_taken_for_the_token(doctor, server):
    doctor.moto.client("secretsmanager").create_secret(
        Name="circleci",
        SecretString=json.dumps({"resource_class": "local/small", "circle_token": server.token}))
    del doctor.config["circleci"]["token_file"]
    doctor.config["circleci"]["token_secret"] = "circleci"
    doctor.verdict("token", "bad", "is JSON with the members resource_class, circle_token: set "
                                   "circleci.token_field (of the stack: PersonalTokenField) to the "
                                   "one that is the token")
    assert server.token not in doctor.run().stdout
    doctor.config["circleci"]["token_field"] = "circle_token"
    doctor.verdict("token-accepted", "good")


HTML = "<html><body>Please log in</body></html>"


@pytest.mark.parametrize("status, body", [
    (500, {"message": "Internal error"}), (500, HTML), (200, HTML), (404, HTML), (403, HTML)])
def test_an_answer_that_is_not_circlecis_shows_no_token_as_accepted(doctor, status, body):
    circleci = Scripted(lambda method, path: (status, body))
    doctor.config["circleci"]["url"] = circleci.url
    try:
        findings = doctor.verdict("token-accepted", "unknown", "it is not known",
                                  "see whether circleci.url is right", "run this again")
        (of_class,) = findings["class"]
        assert of_class["verdict"] == "bad"
        assert "see whether circleci.url is right" in of_class["text"]
    finally:
        circleci.close()


@pytest.mark.parametrize("minutes, verdict", [(0, "good"), (2, "warning"), (-9, "bad")])
def test_a_clock_that_is_wrong(doctor, minutes, verdict):
    circleci = Scripted(lambda method, path: (200, {"items": [], "unclaimed_task_count": 0}),
                        clock=lambda: time.time() + minutes * 60)
    doctor.config["circleci"]["url"] = circleci.url
    try:
        words = {"good": "right", "warning": "behind", "bad": "ahead"}[verdict]
        doctor.verdict("clock", verdict, words)
    finally:
        circleci.close()


def test_when_nothing_answers_all_is_told(doctor, server):
    server.stop()
    doctor.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    done = doctor.run("--json")
    assert done.returncode == 1
    bad = {f["check"] for f in json.loads(done.stdout) if f["verdict"] == "bad"}
    assert bad == {"token-accepted", "group-exists", "lease-table"}
    server.start()


def test_a_server_and_its_own_instances(world, server, small):
    config = world.scaler_config(server, {"local/small": (small, {"max": 2})})
    done = world.run("doctor", "--config", config)
    assert done.returncode == 0, done.stdout
    assert "the queue answers: 0 waiting, 0 running" in done.stdout
    assert "no scaler works on it now" in done.stdout and small not in done.stdout
    scaler = world.scaler(config)
    wait_until(lambda: (world.place / "scaler-state/lock").exists(), what="the scaler's lock")
    wait_until(lambda: f"process {scaler.pid}" in world.run("doctor", "--config", config).stdout,
               what="the scaler's process in the findings")
    (server.data / "token").write_text("wrong")
    done = world.run("doctor", "--config", config)
    assert done.returncode == 1 and "queue: " in done.stdout, done.stdout


def test_programs_of_the_user(world, server):
    queue = world.place / "queue"
    queue.write_text('#!/bin/sh\necho \'{"unclaimed": 2, "running": 1}\'\n')
    queue.chmod(0o755)
    file = world.place / "doctor.yaml"

    def look(machines):
        file.write_text(json.dumps({
            "command": {"program": [str(queue)]}, "state_directory": str(world.place / "state"),
            "resource_classes": {"a/b": {"max": 1, "command": {"program": [str(machines)]}}}}))
        done = world.run("doctor", "--config", file, "--json")
        return done.returncode, {f["check"]: f for f in json.loads(done.stdout)}

    code, findings = look(world.place / "nope")
    assert code == 1 and "2 waiting" in findings["queue"]["text"]
    assert findings["instances"]["verdict"] == "bad" and "nope" in findings["instances"]["text"]
    machines = world.place / "machines"
    machines.write_text('#!/bin/sh\n[ "$1" = list ] || exit 9\necho \'{"instances": []}\'\n')
    machines.chmod(0o755)
    code, findings = look(machines)
    assert code == 0 and findings["instances"]["verdict"] == "good"
    queue.chmod(0o644)
    code, findings = look(machines)
    assert code == 1 and findings["queue"]["verdict"] == "bad"
