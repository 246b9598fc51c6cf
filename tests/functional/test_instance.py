"""`muster instance` on an instance that is real but for its machine: metadata, role and group."""

import json
import os
import signal
import socket
import stat

import pytest

from support.cloud import Cloud
from support.imds import HANG_UP
from support.instance import (GROUP, LOG_GROUP, NEEDED, SECRET, Instance, end_of, recorded,
                              statements)
from support.moto import Moto
from support.pipeline import config, job
from support.waiting import wait_until

TERMINATE = "TerminateInstanceInAutoScalingGroup"
TOKEN = "class-token-that-nobody-may-see"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"), terminate_delay=0.5, replace_delay=0.2)
    cloud.moto.client("logs").create_log_group(logGroupName=LOG_GROUP)
    cloud.moto.client("secretsmanager").create_secret(
        Name=SECRET, SecretString=json.dumps({"token": TOKEN}))
    yield cloud
    cloud.close()


@pytest.fixture
def role(cloud, request):
    """Makes keys that end, of a role that may do what is said."""
    made = []

    def make(actions=NEEDED):
        made.append(actions)
        return cloud.assume_role(f"{request.node.name}-{len(made)}"[-60:].strip("[]-"),
                                 statements(actions))
    return make


@pytest.fixture
def group(cloud, request):
    """A group of AWS's own strictness with two instances."""
    cloud.groups.create_group(GROUP, maximum=5, DesiredCapacity=2)
    group = cloud.groups.group(GROUP)
    wait_until(lambda: [i.state for i in group.instances] == ["InService"] * 2, what="two")
    yield group
    cloud.scaling().delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    wait_until(lambda: group.deleted, what="the group is gone")
    cloud.groups.faults.left.clear()
    cloud.groups.calls.clear()


@pytest.fixture
def make(world, cloud, role):
    """Makes the instance of this id, whose role may do all that it needs, or what is said."""
    made = []

    def instance(instance_id="i-0123456789abcdef0", keys=None, aws=cloud, **config):
        keys = keys if keys is not None else [role()]
        made.append(Instance(world, aws, instance_id, *keys, **{"log_group": LOG_GROUP, **config}))
        return made[-1]
    yield instance
    for each in made:
        for program in world.programs:
            each.look_for_secrets(program.output())
        each.close()


@pytest.fixture
def one(make, group):
    """One of the two."""
    return make(group.instances[0].id)


# --- release --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"))
    server.create_group(GROUP, maximum=5)
    server.client("logs").create_log_group(logGroupName=LOG_GROUP)
    yield server
    server.close()


@pytest.mark.parametrize("minimum", [0, 2])
def test_the_group_ends_it_and_at_its_minimum_replaces_it(make, moto, minimum):
    """With moto in the place of all services of AWS."""
    scaling = moto.client("autoscaling")
    scaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=minimum,
                                      DesiredCapacity=2)

    def described():
        return scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    first = described()["Instances"][0]["InstanceId"]
    keys = moto.assume_role(f"role-{minimum}", statements(NEEDED))
    instance = make(first, [keys], aws=moto)
    done = instance.release("--reason", "boot: the setup script failed")
    assert done.returncode == 0, done.stderr
    assert first not in [each["InstanceId"] for each in described()["Instances"]]
    assert described()["DesiredCapacity"] == max(1, minimum)
    assert len(described()["Instances"]) == max(1, minimum)
    state, = moto.client("ec2").describe_instances(InstanceIds=[first])["Reservations"]
    assert state["Instances"][0]["State"]["Name"] == "terminated"
    assert recorded(moto, first) == ["this instance ends: boot: the setup script failed"]
    assert f"replaced={'yes' if minimum else 'no'}" in done.stderr
    assert instance.shut_down() == 0


def test_refused_ten_times_and_then_accepted(cloud, group, one):
    cloud.groups.faults.throttle(TERMINATE, times=10)
    done = one.release("--reason", "done")
    assert done.returncode == 0, done.stderr
    assert len(cloud.groups.calls_of(TERMINATE)) == 11
    wait_until(lambda: len(group.instances) == 1, what="its end")
    assert group.desired == 1 and one.shut_down() == 0


def test_refused_for_ever_it_shuts_itself_down_and_says_why(cloud, group, one):
    cloud.groups.faults.throttle(TERMINATE, times=100_000)
    done = one.release("--reason", "the runner has ended", "--patience", "3s")
    assert done.returncode == 1, done.stderr
    assert one.shut_down() == 1 and group.desired == 2
    first, second = recorded(cloud.moto, one.id)
    assert first == "this instance ends: the runner has ended"
    assert second.startswith("the group does not end it, so it shuts itself down: autoscaling:"
                             f"{TERMINATE} failed with Throttling: Rate exceeded")
    assert "the group does not end this instance, which shuts itself down" in done.stderr


def test_at_the_minimum_of_a_strict_group(cloud, group, one):
    cloud.scaling().update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=2)
    done = one.release()
    assert done.returncode == 0 and "replaced=yes" in done.stderr, done.stderr
    wait_until(lambda: group.launched() == 3, what="another in its place")
    wait_until(lambda: one.id not in [each.id for each in group.instances], what="its end")
    assert group.desired == 2


def test_twice_at_once_the_group_shrinks_once(cloud, group, one):
    cloud.groups.delays.terminate = 3
    both = [one.start(f"release-{n}", *one.release_words("--reason", f"number {n}"))
            for n in (1, 2)]
    codes = sorted(end_of(program) for program in both)
    cloud.groups.delays.terminate = 0.5
    assert codes in ([0, 0], [0, 1]), [program.tail() for program in both]
    wait_until(lambda: len(group.instances) == 1, what="one is left")
    assert group.desired == 1
    assert sorted(recorded(cloud.moto, one.id))[-2:] == ["this instance ends: number 1",
                                                         "this instance ends: number 2"]


def test_done_though_the_answer_says_otherwise_the_group_shrinks_once(cloud, group, one):
    cloud.groups.faults.fail(TERMINATE, done=True)
    done = one.release()
    assert done.returncode in (0, 1), done.stderr
    wait_until(lambda: len(group.instances) == 1, what="its end")
    assert group.desired == 1


def test_one_that_is_in_no_group_shuts_itself_down_at_once(cloud, group, make):
    stranger = make("i-0123456789abcdef0")
    done = stranger.release()
    assert done.returncode == 1 and stranger.shut_down() == 1
    assert "No managed instance found" in done.stderr
    assert len(cloud.groups.calls_of(TERMINATE)) == 1 and group.desired == 2


def test_what_the_role_may_not_do_is_named_and_not_asked_for_again(cloud, group, make, role):
    instance = make(group.instances[0].id, [role([each for each in NEEDED if "logs" in each])])
    done = instance.release()
    assert done.returncode == 1 and instance.shut_down() == 1
    assert len(cloud.groups.calls_of(TERMINATE)) == 1
    cure = f"allow autoscaling:{TERMINATE} on arn:aws:autoscaling:eu-west-1:"
    assert cure in done.stderr
    assert cure in recorded(cloud.moto, instance.id)[-1]


@pytest.mark.parametrize("trouble", ["missing", "denied"])
def test_a_record_that_cannot_be_made_holds_nothing_up(cloud, group, make, role, trouble):
    missing = trouble == "missing"
    actions = NEEDED if missing else [each for each in NEEDED if "logs" not in each]
    instance = make(group.instances[0].id, [role(actions)],
                    log_group="/not/there" if missing else LOG_GROUP)
    done = instance.release("--reason", "why ever")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: len(group.instances) == 1, what="its end")
    assert "the reason is not recorded" in done.stderr
    assert "reason=\"why ever\"" in done.stderr
    assert ("ResourceNotFoundException" if missing else
            "allow logs:CreateLogStream") in done.stderr


def test_keys_that_have_run_out_are_read_again(cloud, group, make, role):
    old, new = role(), role()
    cloud.groups.expire(old)
    instance = make(group.instances[0].id, [old, new], log_group="/not/there")
    done = instance.release()
    assert done.returncode == 0, done.stderr
    accepted = [call.access_key for call in cloud.groups.calls_of(TERMINATE) if not call.code]
    assert accepted == [new["aws_access_key_id"]]


def test_a_metadata_service_that_comes_late(group, one):
    one.imds.fault = HANG_UP
    program = one.start("release", *one.release_words())
    wait_until(lambda: "does not tell the instance's id" in program.output(), what="the trouble")
    one.imds.fault = None
    assert end_of(program) == 0, program.tail()
    wait_until(lambda: len(group.instances) == 1, what="its end")


def test_a_metadata_service_that_is_never_there(group, one):
    one.imds.fault = 500
    done = one.release("--patience", "3s")
    assert done.returncode == 1 and one.shut_down() == 1
    assert "does not tell the instance's id" in done.stderr and group.desired == 2


def test_an_instance_without_a_role(group, make):
    instance = make(group.instances[0].id, keys=[])
    done = instance.release("--patience", "2s")
    assert done.returncode == 1 and instance.shut_down() == 1
    assert "there are no AWS credentials" in done.stderr
    assert "an instance needs an instance profile" in done.stderr


def test_asked_to_end_meanwhile_it_asks_once_more_and_shuts_down(cloud, one):
    cloud.groups.faults.throttle(TERMINATE, times=100_000)
    program = one.start("release", *one.release_words("--patience", "1h"))
    wait_until(lambda: program.output().count("Rate exceeded") > 1, what="refusals")
    before = len(cloud.groups.calls_of(TERMINATE))
    program.signal(signal.SIGTERM)
    assert end_of(program) == 1
    assert one.shut_down() == 1
    assert len(cloud.groups.calls_of(TERMINATE)) > before


def test_a_machine_that_does_not_even_shut_down(cloud, one):
    cloud.groups.faults.throttle(TERMINATE, times=100_000)
    one.shutdown += "; echo no such bus >&2; exit 1"
    done = one.release("--patience", "1s")
    assert done.returncode == 5 and one.shut_down() == 3
    assert "no such bus" in done.stderr
    assert "terminate it by hand" in done.stderr.splitlines()[-1]


def test_what_systemd_says_of_the_service_is_the_reason(cloud, one):
    done = one.release(SERVICE_RESULT="exit-code", EXIT_CODE="exited", EXIT_STATUS="3")
    assert done.returncode == 0
    assert recorded(cloud.moto, one.id) == [
        "this instance ends: the runner failed with exit code 3"]


def test_a_file_that_is_wrong_does_not_keep_it_alive(group, one):
    one.file.write_text("group: runners\ngropu: x\n")
    done = one.release()
    assert done.returncode == 0, done.stderr
    assert "instance.yaml:" in done.stderr
    wait_until(lambda: len(group.instances) == 1, what="its end")


def test_without_the_file_nothing_is_ended(cloud, group, one):
    one.file.unlink()
    done = one.release()
    assert done.returncode == 2 and one.shut_down() == 0
    assert done.stderr == (
        f"muster: there is no {one.file}, so this machine is none that looks after itself, and "
        f"nothing is ended; on one that is, write {one.file}\n")
    assert not cloud.groups.calls_of(TERMINATE) and not one.imds.requests


@pytest.mark.parametrize("kept, ended", (
    ("i-0fedcba9876543210\n", 0), ("\n", 1), (None, 1), ("its own", 1)))
def test_a_new_instance_of_an_image_of_another_goes_on(world, group, one, kept, ended):
    file = world.place / "instance-id"
    if kept is not None:
        file.write_text(one.id + "\n" if kept == "its own" else kept)
    done = one.release("--unless-new", file)
    assert done.returncode == 0, done.stderr
    assert ("nothing is ended" in done.stderr) != bool(ended)
    if ended:
        wait_until(lambda: len(group.instances) == 1, what="its end")
    assert len(group.instances) == 2 - ended


def test_whose_id_nobody_tells_is_not_new(world, one):
    (world.place / "instance-id").write_text("i-0fedcba9876543210\n")
    one.imds.fault = HANG_UP
    done = one.release("--unless-new", world.place / "instance-id", "--patience", "2s")
    assert done.returncode == 1 and one.shut_down() == 1


# --- configure ------------------------------------------------------------------------------------


def test_the_configuration_of_circlecis_runner(make, world):
    instance = make()
    output = world.place / "run" / "runner.yaml"
    done = instance.configure(output)
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert stat.S_IMODE(output.parent.stat().st_mode) == 0o700
    assert [each.name for each in output.parent.iterdir()] == ["runner.yaml"]
    home = os.path.expanduser("~nobody")
    assert output.read_text().splitlines()[1:] == [
        "api:", f'  auth_token: "{TOKEN}"', '  url: "https://runner.circleci.com"',
        "runner:", f'  name: "{instance.id}"', "  mode: single-task", "  idle_timeout: 1m",
        "  max_run_time: 5h", '  command_prefix: ["sudo", "-nHu", "nobody", "--"]',
        f'  working_directory: "{home}/work"', "  cleanup_working_directory: true"]


def test_the_agent_works_with_what_is_written(make, world, server, small, cloud):
    cloud.moto.client("secretsmanager").create_secret(Name="small", SecretString=small)
    instance = make(runner="muster", api_url=server.url, token_secret="small", idle_timeout="30s")
    output, variables = world.place / "runner.yaml", world.place / "agent.env"
    done = instance.configure(output, "--environment", variables)
    assert done.returncode == 0, done.stderr
    assert small not in done.stdout + done.stderr + variables.read_text()
    pipeline = world.submit(server, config(build=job("id -un")))
    environment = dict(line.split("=", 1) for line in variables.read_text().splitlines())
    assert environment == {"MUSTER_RESOURCE_CLASS": "local/small", "MUSTER_JOB_USER": "nobody"}
    agent = world.start("agent", "agent", "--config", output, environment={
        **environment, "MUSTER_AGENT_STATE": str(world.place / "agent-state")})
    assert pipeline.wait()["state"] == "success", agent.tail()
    assert [task["runner"] for task in pipeline.tasks()] == [instance.id]
    if os.getuid() == 0:
        assert pipeline.output() == "nobody\n"
    assert end_of(agent) == 0


BAD_SECRETS = {
    "empty": (" ", 2, "the secret 'bad' is empty: put the token of a resource class there"),
    "no JSON": ('{"token": "hush-hush"', 2, "the secret 'bad' begins as JSON and is none: put"),
    "no key": ('{"circle_token": "hush-hush"}', 2,
               "the secret 'bad' is JSON without a member \"token\": put"),
    "words": ("hush-hush hush-hush", 2, "holds no token, which is one word: put"),
    "absent": (None, 2, ": create it, or correct token_secret"),
}


@pytest.mark.parametrize("name", BAD_SECRETS)
def test_a_secret_that_is_none(make, world, cloud, name):
    text, code, sentence = BAD_SECRETS[name]
    secrets = cloud.moto.client("secretsmanager")
    if text is not None:
        secrets.create_secret(Name="bad", SecretString=text)
    done = make(token_secret="bad").configure(world.place / "runner.yaml")
    if text is not None:
        secrets.delete_secret(SecretId="bad", ForceDeleteWithoutRecovery=True)
    assert done.returncode == code
    assert done.stderr.startswith("muster: ") and len(done.stderr.splitlines()) == 1, done.stderr
    assert sentence in done.stderr and "hush" not in done.stderr
    assert not (world.place / "runner.yaml").exists()


def test_a_secret_that_the_role_may_not_read(make, world, role):
    instance = make(keys=[role(["logs:PutLogEvents"])])
    done = instance.configure(world.place / "runner.yaml")
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "allow secretsmanager:GetSecretValue" in done.stderr
    assert not (world.place / "runner.yaml").exists()


def test_a_directory_that_others_can_write_to_is_refused(make, world):
    instance, shared = make(), world.place / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    done = instance.configure(shared / "runner.yaml")
    assert done.returncode == 2
    assert done.stderr == (f"muster: others can write to {shared}, where the runner's token would "
                           f"be: run 'chmod go-w {shared}', or choose a directory that is yours\n")
    assert not list(shared.iterdir()) and not instance.imds.requests


def test_what_was_written_before_stays_when_it_fails(make, world):
    instance, output = make(), world.place / "runner.yaml"
    assert instance.configure(output).returncode == 0
    before = output.read_text()
    instance.configure_as(token_secret="nowhere")
    assert instance.configure(output).returncode == 2
    assert output.read_text() == before


def test_a_file_that_is_wrong_is_told_with_its_place(make, world):
    instance = make()
    instance.file.write_text("group: runners\ntoken_secret: s\nresource_class: acme\nrunnr: x\n")
    done = instance.configure(world.place / "runner.yaml")
    assert done.returncode == 2
    assert done.stderr == (
        f"{instance.file}:3:1: resource_class: is no resource class such as namespace/name\n"
        f"{instance.file}:4:1: runnr: unknown key 'runnr' (did you mean 'runner'?)\n")
    instance.configure_as(job_user="nobody-of-this-name")
    done = instance.configure(world.place / "runner.yaml")
    assert done.returncode == 2
    assert done.stderr == "muster: job_user: this machine has no user 'nobody-of-this-name'\n"


def test_jobs_are_not_given_to_an_account_of_the_system(make, world):
    instance, output = make(), world.place / "runner.yaml"
    instance.configure_as(job_user="daemon")
    done = instance.configure(output)
    assert done.returncode == 2 and not output.exists()
    assert done.stderr == (
        "muster: job_user: 'daemon' is an account of the system, with uid 1, and jobs would have its "
        "rights: name a user that is not there yet, such as ci, or one with a uid from 1000 on\n")


def test_on_a_machine_whose_metadata_comes_late_or_never(make, world):
    instance, output = make(), world.place / "runner.yaml"
    instance.imds.fault = HANG_UP
    done = instance.configure(output, "--patience", "2s")
    assert done.returncode == 3 and "does not tell the instance's id" in done.stderr
    program = instance.start("configure", "configure", "--config", instance.file, "--output",
                             output)
    wait_until(lambda: "asking again" in program.output(), what="the trouble")
    instance.imds.fault = None
    assert end_of(program) == 0, program.tail()
    assert TOKEN in output.read_text() and TOKEN not in program.output()


def test_interrupted_it_writes_nothing(make, world):
    instance, output = make(), world.place / "runner.yaml"
    instance.imds.fault = HANG_UP
    program = instance.start("configure", "configure", "--config", instance.file, "--output",
                             output)
    wait_until(lambda: "asking again" in program.output(), what="the trouble")
    program.signal(signal.SIGTERM)
    assert end_of(program) == 130 and not output.exists()


# --- watch ----------------------------------------------------------------------------------------

NOTICES = {
    "spot/instance-action": (
        '{"action": "terminate", "time": "2030-01-01T00:00:00Z"}',
        "EC2 takes this Spot instance back: terminate at 2030-01-01T00:00:00Z"),
    "events/recommendations/rebalance": (
        '{"noticeTime": "2030-01-01T00:00:00Z"}',
        "EC2 expects to take this Spot instance back, since 2030-01-01T00:00:00Z"),
    "autoscaling/target-lifecycle-state": (
        "Terminated", "the Auto Scaling group ends this instance: its target is Terminated"),
    "tags/instance/muster:drain": (
        "true", "its tag muster:drain asks this instance to drain"),
}
NO_NOTICES = {"autoscaling/target-lifecycle-state": "InService",
              "tags/instance/Name": "runner"}


class Watched:
    """`muster instance watch` at work; `drained()`: how often its command has begun."""

    def __init__(self, instance, script="true"):
        self.imds = instance.imds
        self.imds.tree.update(NO_NOTICES)
        self.file = instance.world.place / "drained"
        self.program = instance.start("watch", "watch", "--interval", "1s", "--", "sh", "-c",
                                      f"echo drain >> {self.file}; {script}")
        self.looks(1)

    def drained(self):
        return len(self.file.read_text().splitlines()) if self.file.exists() else 0

    def looks(self, times):
        """Waits until it has looked so often, from now on."""
        until = self.imds.asked("tags/") + times + 1
        wait_until(lambda: self.imds.asked("tags/") >= until, 60, "it looks")

    def wait_for(self, words, times=1):
        wait_until(lambda: self.program.output().count(words) >= times, 60, words)

    def end(self):
        assert self.program.stop() == 0, self.program.tail()
        return self.program.output()


@pytest.mark.parametrize("path", NOTICES)
def test_each_notice_is_told_once_and_drains_once(make, path):
    watched = Watched(make(aws=None))
    assert watched.drained() == 0
    watched.imds.tree[path], told = NOTICES[path]
    watched.wait_for(told)
    watched.looks(2)
    log = watched.end()
    assert log.count(told) == 1 and log.count("this instance drains") == 1
    assert watched.drained() == 1


def test_several_notices_are_told_and_drain_once(make):
    watched = Watched(make(aws=None))
    for path, (text, told) in NOTICES.items():
        watched.imds.tree[path] = text
        watched.wait_for(told)
    watched.looks(1)
    assert watched.end().count("this instance drains") == len(NOTICES)
    assert watched.drained() == 1


@pytest.mark.parametrize("fault", [HANG_UP, 500, 403, "<html>Terminated</html>", ""])
def test_a_metadata_service_in_trouble_is_no_notice_and_told_once(make, fault):
    watched = Watched(make(aws=None))
    watched.imds.fault = fault
    watched.wait_for("the instance metadata service does not answer as it should")
    asked = len(watched.imds.requests)
    wait_until(lambda: len(watched.imds.requests) > asked + 10, 60, "it goes on looking")
    assert watched.drained() == 0
    watched.imds.fault = None
    watched.wait_for("the instance metadata service answers again")
    watched.imds.tree["spot/instance-action"] = NOTICES["spot/instance-action"][0]
    watched.wait_for("the command for a notice has been run")
    log = watched.end()
    assert log.count("does not answer as it should") == 1
    assert log.count("answers again") == 1
    assert watched.drained() == 1


def test_a_token_that_has_run_out_is_renewed(make):
    watched = Watched(make(aws=None))
    watched.imds.forget_tokens()
    watched.looks(1)
    watched.imds.tree["spot/instance-action"] = NOTICES["spot/instance-action"][0]
    watched.wait_for("EC2 takes this Spot instance back")
    assert "does not answer" not in watched.end()


@pytest.mark.threads
def test_a_command_that_fails_is_run_again(make):
    instance = make(aws=None)
    watched = Watched(instance, f"test $(wc -l < {instance.world.place}/drained) -gt 2 || "
                      "{ echo no such unit >&2; exit 5; }")
    watched.imds.tree["tags/instance/muster:drain"] = ""
    watched.wait_for("the command for a notice has been run")
    watched.looks(1)
    log = watched.end()
    assert watched.drained() == 3
    assert log.count("ended with exit code 5: no such unit") == 2


def test_it_tells_systemd_that_it_is_ready_and_ends_in_the_middle_of_a_command(make, world):
    instance = make(aws=None)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(world.place / "notify"))
        supervisor.settimeout(60)
        instance.environment["NOTIFY_SOCKET"] = str(world.place / "notify")
        watched = Watched(instance, "sleep 1000")
        assert supervisor.recv(100) == b"READY=1"
        watched.imds.tree["tags/instance/muster:drain"] = ""
        wait_until(lambda: watched.drained() == 1, what="the command runs")
        watched.end()
        assert supervisor.recv(100) == b"STOPPING=1"


def test_a_watch_that_would_see_nothing_is_refused(make):
    done = make(aws=None).run("watch", "--", "true", AWS_EC2_METADATA_DISABLED="true")
    assert done.returncode == 2
    assert "AWS_EC2_METADATA_DISABLED is true" in done.stderr
