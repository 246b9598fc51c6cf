"""An instance of the stack boots: its user data, its boot script and its units, in a Debian.

The stack is deployed into moto; a muster server has the queue; each machine has a metadata service
of its own, at the address that all have, and its role's rights.
"""

import re
import socket
from types import SimpleNamespace

import pytest

from support.debian_root import why_not
from support.front import THROTTLED
from support.launched import PERSONAL, Launched
from support.moto import Moto
from support.packagecloud import HOST, Packagecloud
from support.pipeline import config, job
from support.relay import Relay
from support.root import ROOT
from support.stack import Stack
from support.waiting import wait_until
from support.world import World

# The first makes the Debian, and a release that is refused takes its time.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def fleet(binary, packages, tmp_path_factory):
    """Queue, AWS, and the stack in it."""
    if reason := why_not():
        pytest.skip(reason)
    place = tmp_path_factory.mktemp("fleet")
    world, moto = World(binary), Moto(place)
    server = world.server()
    token = server.create_class("local/small")

    def deploy(name, **parameters):
        return Stack(moto, place / name, name, {"instance": packages / "instance.zip"},
                     bucket=f"packages-{name}").made(
                         **{"Runner": "muster", "ApiUrl": server.url, "PersonalToken": PERSONAL,
                            "ResourceClass": "local/small", "ClassToken": token, **parameters})
    yield SimpleNamespace(place=place, world=world, moto=moto, server=server, token=token,
                          deploy=deploy, stack=deploy("runners", IdleSeconds=600))
    moto.close()
    assert not world.close()


@pytest.fixture
def launch(fleet, tmp_path):
    launched = []

    def one(stack=None):
        launched.append(Launched(fleet, stack or fleet.stack, tmp_path))
        return launched[-1]
    yield one
    for instance in launched:
        print(instance.machine.console())  # shown if the test has failed
        # Where a person, another service or a job could read it.
        shown = instance.machine.console() + instance.stack.user_data()
        leaked = [secret for secret in instance.secrets() if secret in shown]
        instance.close()
        assert not leaked


def submit(fleet, *steps, **keys):
    return fleet.world.submit(fleet.server, config(build=job(*steps, **keys)))


def grow_too_old(instance):
    assert instance.machine.do("systemctl", "is-active", "muster-too-old.timer") == "active\n"
    instance.machine.do("systemctl", "start", "--no-block", "muster-too-old.service")
    instance.wait_for_release()
    assert "this instance is older than any job gets" in instance.recorded()


def test_one_that_is_older_than_any_job_ends_though_its_runner_hangs(fleet, launch):
    pipeline = submit(fleet, "echo begun; sleep 600")
    instance = launch().tell_all_where_aws_is().boot().booted()
    pipeline.wait_for_output("begun", deadline=120)
    instance.machine.do("systemctl", "kill", "--kill-who=main", "--signal=STOP", "muster-runner")
    grow_too_old(instance)
    pipeline.cancel()


# Until it is refused. It has an end of its own, for the sake of the machine that the tests run on.
FORK_BOMB = """
import os, time
for count in range(3000):
    try:
        if os.fork() == 0:
            break
    except OSError:
        print("refused after", count, flush=True)
        break
time.sleep(600)
"""


def test_a_job_that_takes_all_processes_does_not_keep_its_instance(fleet, launch):
    steps = "checkout", "echo begun; until [ -e /tmp/go ]; do sleep 0.2; done; python3 bomb.py"
    pipeline = fleet.world.submit(
        fleet.server, config(build=job(*steps)), {"bomb.py": FORK_BOMB})
    instance = launch().tell_all_where_aws_is().boot().booted()
    if not instance.machine.is_bounded:
        pytest.skip("the control groups of this machine count no processes")
    pipeline.wait_for_output("begun", step=1, deadline=120)
    instance.machine.hold_to_its_tasks("muster-runner.service")
    instance.machine.write("tmp/go", "")
    pipeline.wait_for_output("refused after", step=1, deadline=120)
    grow_too_old(instance)
    pipeline.cancel()


def test_it_takes_a_job_and_releases_itself(fleet, launch):
    pipeline = submit(fleet, "checkout", "id -un; hostname; git log --oneline | wc -l")
    instance = launch().boot().booted()
    assert instance.machine.run("systemctl", "is-active", "muster-overdue.timer").stdout \
        == "inactive\n"
    assert pipeline.wait(120)["state"] == "success"
    assert pipeline.task()["runner"] == instance.id
    assert pipeline.output(step=1).splitlines()[0] == "ci"
    instance.wait_for_release()
    assert "the runner has ended" in instance.recorded()
    assert not instance.machine.is_off()  # it was the group's to end it
    assert instance.machine.run("systemctl", "is-enabled", "muster-rebooted").stdout == "enabled\n"
    assert instance.machine.run("systemctl", "is-active", "apt-daily.timer").stdout == "inactive\n"
    for unit in ("apt-daily.timer", "apt-daily-upgrade.timer", "apt-daily-upgrade.service"):
        assert instance.machine.run("systemctl", "is-enabled", unit).stdout == "masked-runtime\n"
    # Each action of the role was called, and no other.
    allowed = {action.split(":")[1] for statement in instance.stack.statements("InstanceRole")
               for action in ([statement["Action"]] if isinstance(statement["Action"], str)
                              else statement["Action"])}
    assert set(instance.front.actions) == allowed
    # The token was in memory alone, and only root's.
    assert instance.machine.grep(fleet.token) == ["/run/muster/runner.yaml"]
    assert instance.machine.do("stat", "-c", "%a %U", "/run/muster/runner.yaml",
                               "/run/muster").split() == ["600", "root", "700", "root"]


def test_what_the_setup_script_installs_is_there_for_jobs(fleet, launch):
    stack = fleet.deploy("with-setup", SetupScript=(
        "#!/bin/bash\nset -e\nprintf '#!/bin/sh\\necho \"tool $1\"\\n' >/usr/local/bin/tool\n"
        "chmod 755 /usr/local/bin/tool\n"))
    pipeline = submit(fleet, "tool works")
    instance = launch(stack).boot().booted()
    assert pipeline.wait(120)["state"] == "success"
    assert pipeline.output().strip() == "tool works"
    instance.wait_for_release()


def test_a_setup_script_that_fails_ends_the_instance_with_its_reason(fleet, launch):
    stack = fleet.deploy("failing-setup", SetupScript="#!/bin/bash\necho 'no such mirror'\nexit 7\n")
    instance = launch(stack).boot()
    instance.wait_for_release()
    assert instance.program.wait(60) != 0
    assert "boot: the setup script: exit code 7; it printed last: no such mirror" in (
        instance.recorded())
    assert "no such mirror" in instance.machine.console()
    assert instance.machine.run("systemctl", "is-active", "muster-runner").stdout == "inactive\n"


CHATTY = r"""#!/bin/bash
for i in $(seq 2000); do echo "line $i"; done
printf '\033[31mred\033[0m\n\n  10%%\r 100%%\nfetching https://me:hidden1@mirror.example/a\n'
echo "API_TOKEN=hidden2 and --password hidden3, Authorization: Bearer hidden4" >&2
echo 'curl -u me:hidden5, PGPASSWORD="two hidden6", key ghp_hidden7hidden7, the password is hidden8' >&2
printf 'x%.0s' $(seq 3000)
sleep 600 &
exit 3
"""


def test_the_last_words_of_a_setup_script_are_few_and_hold_no_secret(fleet, launch):
    """Though something that it has left holds its output."""
    instance = launch(fleet.deploy("chatty-setup", SetupScript=CHATTY)).boot()
    instance.wait_for_release()
    words = instance.recorded().partition("exit code 3; it printed last: ")[2]
    assert words.startswith(
        "100% | fetching https://***@mirror.example/a | API_TOKEN= *** | curl -u *** ")
    assert "hidden" not in words and "line" not in words and len(words) < 1300
    assert instance.machine.do("stat", "-c", "%a %U", "/var/log/muster-boot.log") == "600 root\n"


def test_what_apt_said_last_is_on_record(fleet, launch):
    """Of a version that no repository has."""
    stack = fleet.deploy("no-such-version", Runner="circleci", RunnerVersion="9.9.9")
    instance = launch(stack)
    instance.machine.write("etc/apt/sources.list", "")
    instance.machine.write("usr/local/bin/curl", "#!/bin/sh\nexit 0\n", 0o755)
    instance.machine.write("usr/local/bin/sleep", "#!/bin/sh\nexit 0\n", 0o755)
    instance.boot().wait_for_release()
    reason = instance.recorded()
    assert "boot: CircleCI's runner: apt-get could not install: " in reason
    assert "; it printed last: " in reason and "E: " in reason


def test_a_firewall_that_cannot_be_tried_ends_the_instance(fleet, launch):
    stack = fleet.deploy("no-runuser", SetupScript=(
        "#!/bin/sh\nprintf '#!/bin/sh\\necho no such thing; exit 1\\n' >/usr/local/sbin/runuser\n"
        "chmod 755 /usr/local/sbin/runuser\n"))
    instance = launch(stack).boot()
    instance.wait_for_release()
    assert "boot: the firewall: whether a job could reach" in instance.recorded()
    assert "no such thing" in instance.recorded()


def test_a_boot_that_is_told_to_end_releases_its_instance(fleet, launch):
    """As when the setup script restarts the machine; then the next start would find its unit, too."""
    stack = fleet.deploy("slow-setup", SetupScript="#!/bin/bash\necho setting up\nsleep 900\n")
    instance = launch(stack).boot()
    instance.machine.wait_for_console("setting up")
    assert instance.machine.run("systemctl", "is-enabled", "muster-rebooted").stdout == "enabled\n"
    instance.machine.do("pkill", "-TERM", "-f", "/opt/muster/boot|^boot |sleep 900")
    instance.wait_for_release()
    assert "boot: the setup script: " in instance.recorded()


def test_a_boot_that_has_died_ends_its_instance(fleet, launch):
    """Nothing of it is left that could. Its BootMinutes are 10."""
    stack = fleet.deploy("dying-setup", SetupScript="#!/bin/bash\necho setting up\nsleep 900\n")
    instance = launch(stack).tell_all_where_aws_is().boot(impatience=570)
    instance.machine.wait_for_console("setting up")
    instance.machine.do("pkill", "-KILL", "-f", "/opt/muster/boot|^boot |sleep 900")
    instance.wait_for_release()
    assert "boot: the runner had not started after 10 minutes; it was at: the setup script" \
        in instance.recorded()
    assert instance.machine.run("systemctl", "start", "muster-runner").returncode != 0


def test_a_boot_that_hangs_before_muster_is_there_shuts_the_machine_down(launch):
    """Even if systemd does not, as when nobody answers on its bus."""
    instance = launch()
    instance.front.allowed_layer = "another"
    instance.machine.write("usr/local/sbin/shutdown", "#!/bin/sh\nexit 1\n", 0o755)
    instance.boot(impatience=595)
    instance.machine.wait_for_console("it was at: its package")
    instance.wait_until_off()


def test_a_setup_script_with_its_own_firewall_opens_nothing_to_jobs(fleet, launch):
    stack = fleet.deploy("own-firewall", SetupScript="#!/bin/sh\nnft flush ruleset\n")
    pipeline = submit(fleet, "timeout 5 bash -c ': </dev/tcp/169.254.169.254/80' && echo open || "
                      "echo closed")
    instance = launch(stack).boot().booted()
    assert pipeline.wait(120)["state"] == "success"
    assert pipeline.output().splitlines()[-1] == "closed"
    instance.wait_for_release()


def test_a_package_with_another_checksum_is_not_run(launch):
    instance = launch()
    instance.front.layer["CodeSha256"] = "A" * 43 + "="
    instance.boot().wait_for_release()
    assert "the package's checksum is" in instance.recorded()
    assert "deploy the stack again" in instance.machine.console()
    wait_until(instance.machine.is_off, what="the end of the machine")


def test_a_package_that_may_not_be_fetched_ends_the_instance(launch):
    instance = launch()
    instance.front.allowed_layer = "another"
    instance.boot().wait_for_release(400)
    assert "AWS did not say where the package is: HTTP 403 AccessDeniedException" \
        in instance.recorded()


def interrupted(fleet, launch, path, text):
    """A notice in the middle of a job."""
    pipeline = submit(fleet, "echo begun; while [ ! -e /tmp/go ]; do sleep 0.2; done; echo done")
    instance = launch().boot().booted()
    pipeline.wait_for_output("begun", deadline=120)
    seen = instance.machine.do("sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ || true")
    assert "muster" in seen and not [secret for secret in instance.secrets() if secret in seen]
    instance.machine.imds.tree[path] = text
    instance.machine.wait_for_console("this instance drains")
    instance.machine.wait_for_console("the command for a notice has been run")
    assert pipeline.status()["state"] == "running"
    instance.machine.write("tmp/go", "")
    assert pipeline.wait(60)["state"] == "success"
    assert "done" in pipeline.output()
    instance.wait_for_release()


def test_a_spot_interruption_lets_the_job_finish(fleet, launch):
    interrupted(fleet, launch, "spot/instance-action",
                '{"action": "terminate", "time": "2099-01-01T00:00:00Z"}')


def test_a_watch_that_is_started_again_does_not_end_the_job(fleet, launch):
    """It tells of the same notice again, and a second TERM would end the job."""
    pipeline = submit(fleet, "echo begun; while [ ! -e /tmp/go ]; do sleep 0.2; done; echo done")
    instance = launch().boot().booted()
    pipeline.wait_for_output("begun", deadline=120)
    instance.machine.imds.tree["tags/instance/muster:drain"] = "1"
    instance.machine.wait_for_console("the command for a notice has been run")
    instance.machine.do("systemctl", "kill", "--kill-who=main", "--signal=KILL", "muster-watch")
    wait_until(lambda: instance.machine.console().count("the command for a notice has been run") > 1,
               60, "the second watch's notice")
    assert pipeline.status()["state"] == "running"
    instance.machine.write("tmp/go", "")
    assert pipeline.wait(60)["state"] == "success"
    instance.wait_for_release()


def test_a_drain_tag_ends_an_instance_that_waits(fleet, launch):
    """Its idle time-out is ten minutes."""
    instance = launch().boot().booted()
    instance.machine.wait_for_console("watching for notices")
    instance.machine.imds.tree["tags/instance/muster:drain"] = "1"
    instance.wait_for_release()
    assert "drain" in instance.machine.console()
    later = submit(fleet, "true")
    assert later.task()["state"] == "queued"
    later.cancel()


def test_a_release_that_is_refused_ten_times_is_asked_for_again(fleet, launch):
    pipeline = submit(fleet, "true")
    instance = launch()
    refusals = iter(range(10))
    instance.front.refuse = lambda action: THROTTLED if (
        action == "TerminateInstanceInAutoScalingGroup" and next(refusals, None) is not None
    ) else None
    instance.boot().booted()
    assert pipeline.wait(120)["state"] == "success"
    instance.wait_for_release(600)
    assert instance.front.actions.count("TerminateInstanceInAutoScalingGroup") == 11
    assert not instance.machine.is_off()


def test_a_runner_that_is_killed_releases_its_instance(fleet, launch):
    pipeline = submit(fleet, "echo begun; sleep 600")
    instance = launch().boot().booted()
    pipeline.wait_for_output("begun", deadline=120)
    instance.machine.do("systemctl", "kill", "--kill-who=main", "--signal=KILL", "muster-runner")
    instance.wait_for_release()
    assert "KILL" in instance.recorded()
    pipeline.cancel()


def test_an_instance_that_was_started_again_releases_itself(launch):
    """What is in memory is gone then, and with it the mark of the first boot. A new one of an image
    that was made of another has that one's id, and boots."""
    instance = launch().boot().booted()
    instance.machine.do("systemctl", "start", "muster-rebooted")
    assert instance.stack.group()["Instances"]
    instance.machine.do("systemctl", "kill", "--kill-who=main", "--signal=STOP", "muster-runner")
    instance.machine.do("rm", "/run/muster/booted")
    instance.tell_all_where_aws_is()
    assert instance.machine.do("cat", "/etc/muster/instance-id") == instance.id
    instance.machine.write("etc/muster/instance-id", "i-0123456789abcdef0")
    instance.machine.do("systemctl", "start", "muster-rebooted")
    instance.machine.wait_for_console("this instance is new")
    assert instance.stack.group()["Instances"]
    instance.machine.write("etc/muster/instance-id", instance.id)
    instance.machine.do("systemctl", "start", "muster-rebooted")
    instance.wait_for_release()
    assert "the machine was started again" in instance.recorded()


# CircleCI's own runner cannot be had here. This one takes the same command line and the same file.
CIRCLECI_RUNNER = """#!/bin/sh
[ "$1" = machine ] && shift && exec /opt/muster/bin/muster agent "$@"
"""


@pytest.mark.parametrize("runner", ("muster", "circleci"))
def test_a_hostile_job_gets_at_nothing(fleet, launch, runner):
    pipeline = fleet.world.submit(
        fleet.server, config(build=job("checkout", "python3 hostile.py", "id -un")),
        {"hostile.py": (ROOT / "tests/support/hostile.py").read_text()})
    instance = launch(fleet.stack if runner == "muster" else fleet.deploy(
        "with-circleci", Runner="circleci"))
    if runner == "circleci":  # an image that has it
        instance.machine.write("usr/bin/circleci-runner", CIRCLECI_RUNNER, 0o755)
    instance.boot().booted()
    state = pipeline.wait(200)["state"]
    output = pipeline.output(step=1)
    assert "tried: " in output, output
    assert state == "success" and "BREACH" not in output, output
    assert pipeline.output(step=2).strip() == "ci"
    assert not [secret for secret in instance.secrets() if secret in output]
    # What it tried is possible to who may: the firewall is what stood in its way.
    token = instance.machine.do(
        "curl", "-sS", "-X", "PUT", "-H", "X-aws-ec2-metadata-token-ttl-seconds: 60",
        "http://169.254.169.254/latest/api/token")
    assert token in instance.machine.imds.tokens
    instance.wait_for_release()


# As CircleCI's runs one: with the prefix that its file has for jobs.
ONE_JOB = """#!/bin/sh
prefix=$(sed -n 's/^ *command_prefix: \\[\\(.*\\)\\]$/\\1/p' "$3" | tr -d '",')
$prefix /usr/local/bin/job
"""
# What Podman does, too: ids of its user's own range by a program that has its owner's rights, and
# in a user namespace processes of its own with their /proc.
CONTAINER = """#!/bin/bash
echo "ids: $(cut -d: -f1,3 /etc/subuid /etc/subgid | paste -sd ' ')"
echo "owner: $(as-its-owner -u)"
echo "within: $(unshare --user --map-root-user --mount --pid --fork --mount-proc sh -c 'id -u; echo /proc/[0-9]*' |
  paste -sd ' ')."
"""


def test_jobs_of_circlecis_runner_may_have_containers_without_root(fleet, launch):
    """By the setup script of the page, whose packages cannot be had here."""
    script, = re.findall(r"^```\n(#!/bin/bash\n[^`]*podman[^`]*)^```$",
                         (ROOT / "docs/aws.md").read_text(), re.MULTILINE)
    instance = launch(fleet.deploy("with-podman", Runner="circleci", SetupScript=script))
    machine = instance.machine
    machine.write("usr/bin/circleci-runner", ONE_JOB, 0o755)
    machine.write("usr/local/bin/job", CONTAINER, 0o755)
    machine.write("usr/local/sbin/apt-get",
                  "#!/bin/sh\nmkdir -p /etc/containers/registries.conf.d\n", 0o755)
    machine.do("install", "-m", "4755", "/usr/bin/id", "/usr/local/bin/as-its-owner")
    machine.do("useradd", "--create-home", "ci")  # an image may have it, and no ids for it
    machine.do("truncate", "--size=0", "/etc/subuid", "/etc/subgid")
    instance.boot().booted().wait_for_release()
    for line in ("ids: ci:65536 ci:65536", "owner: 0", "within: 0 /proc/1."):
        assert line in machine.console()


@pytest.fixture
def packagecloud(tmp_path):
    """Its own to each machine that it is told to."""
    served = Packagecloud(tmp_path / "packagecloud", CIRCLECI_RUNNER, "2.0.0", "3.0.0")
    relays = []

    def tell(machine):
        machine.write("etc/hosts", f"127.0.0.1 localhost {socket.gethostname()} {HOST}\n")
        machine.write("etc/apt/sources.list", "")  # the mirrors are out of reach
        machine.write("usr/local/share/ca-certificates/tests.crt", served.certificate.read_text())
        machine.do("update-ca-certificates")
        relays.append(Relay(machine.first, {("127.0.0.1", 443): served.port}))
    yield SimpleNamespace(archive=served.archive, tell=tell)
    for relay in relays:
        relay.close()
    served.close()


@pytest.mark.parametrize("wanted, had, version", (
    ("", None, "3.0.0"), ("2.0.0", None, "2.0.0"), ("2.0.0", "3.0.0", "2.0.0")))
def test_circlecis_runner_comes_from_its_repository(fleet, launch, packagecloud, wanted, had,
                                                    version):
    """Its key, its index and its package, as apt checks them; in an image with another, too."""
    stack = fleet.deploy(f"runner-of-{wanted or 'today'}-{had}".replace(".", "-"),
                         Runner="circleci", RunnerVersion=wanted)
    pipeline = submit(fleet, "true")
    instance = launch(stack)
    machine = instance.machine
    packagecloud.tell(machine)
    if had:
        machine.do("dpkg", "--install", machine.copy(packagecloud.archive / f"{had}.deb"))
    instance.boot().booted()
    assert pipeline.wait(120)["state"] == "success"
    assert machine.do("dpkg-query", "-W", "-f", "${Version}", "circleci-runner") == version
    instance.wait_for_release()


def test_the_script_of_the_page_makes_an_image_of_a_machine(launch, packagecloud):
    """Which it powers off when all is there, and only then. The mirrors' packages are there before."""
    script, = re.findall(r"^cat > ami\.sh <<'END'\n(.*?)^END$", (ROOT / "docs/aws.md").read_text(),
                         re.MULTILINE | re.DOTALL)
    of_mirrors, end = " nodejs npm\n", "\npoweroff\n"
    assert of_mirrors in script and script.endswith(end)
    script = script.replace(of_mirrors, "\n").replace(end, """
dpkg-query -W circleci-runner nftables
systemctl is-enabled circleci-runner || true""" + end)
    instance = launch()
    packagecloud.tell(instance.machine)
    instance.program = instance.machine.boot(script)
    instance.wait_until_off()
    assert "circleci-runner\t3.0.0" in instance.machine.console()
    assert "\ndisabled" in instance.machine.console().replace("\r", "")


def test_only_the_runner_starts_processes_of_the_jobs_user(launch):
    """Others would not end with its unit, and see the machine's processes."""
    machine = launch().boot().booted().machine
    user = machine.do("id", "-u", "ci").strip()
    machine.run("loginctl", "enable-linger", "ci")
    for command in (["systemctl", "start", f"user@{user}.service"],
                    ["runuser", "-u", "ci", "--", "crontab", "-"],
                    ["su", "ci", "-c", "true"]):
        assert machine.run(*command).returncode != 0, command
    assert machine.run("pgrep", "-u", "ci").stdout == ""


def test_jobs_are_not_given_to_a_user_who_may_become_root(launch):
    instance = launch()
    instance.machine.do("useradd", "--create-home", "ci")
    instance.machine.write("etc/sudoers.d/ci", "ci ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    instance.boot().wait_for_release()
    assert "name another as job_user" in instance.recorded()


def test_nor_does_the_setup_script_make_them_root(fleet, launch):
    stack = fleet.deploy("sudo-setup", SetupScript=(
        "#!/bin/bash\necho 'ci ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ci\n"))
    instance = launch(stack)
    instance.boot().wait_for_release()
    assert "the setup script must not" in instance.recorded()


def test_nor_do_they_have_a_group_by_which_they_could(fleet, launch):
    stack = fleet.deploy("docker-setup", SetupScript=(
        "#!/bin/bash\ngroupadd docker\nusermod --append --groups docker ci\n"))
    instance = launch(stack)
    instance.boot().wait_for_release()
    assert ("boot: the runner's configuration: muster: job_user: 'ci' is in the group docker"
            in instance.recorded())


def test_jobs_are_not_given_to_an_account_of_the_system(fleet, launch):
    instance = launch(fleet.deploy("as-daemon", JobUser="daemon"))
    instance.boot().wait_for_release()
    assert "it is an account of the system; name another as job_user" in instance.recorded()


def test_a_secret_that_is_empty_is_why_the_boot_failed(fleet, launch):
    instance = launch()
    secret, = (s["Resource"] for s in instance.stack.statements("InstanceRole")
               if s["Action"] == "secretsmanager:GetSecretValue")
    secrets = fleet.moto.client("secretsmanager")
    secrets.put_secret_value(SecretId=secret, SecretString=" ")
    try:
        instance.boot().wait_for_release()
        assert "boot: the runner's configuration: " in instance.recorded()
        for told in (instance.recorded(), instance.machine.console()):
            assert "is empty: put the token of a resource class there" in told
            assert f"put-secret-value --secret-id '{secret}'" in told
    finally:
        secrets.put_secret_value(SecretId=secret, SecretString=fleet.token)
