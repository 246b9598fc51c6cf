"""A group and what it does by itself: it launches, replaces, ends and forgets instances.

Everything happens in tick(), which the server calls under its lock every few milliseconds, and in
the calls of `actions.py`, which have the lock too. Tests come from other threads: they use what
stands under "For tests".
"""

import secrets
import time
import uuid
from copy import copy
from dataclasses import dataclass

from support.strict.activity import failed_launch, launching, stamp, terminating
from support.strict.keys import ACCOUNT, REGION, SERVICE

NO_CAPACITY = (
    "We currently do not have sufficient t3.large capacity in the Availability Zone you requested "
    "(eu-west-1a). Our system will be working on provisioning additional capacity. You can "
    "currently get t3.large capacity by not specifying an Availability Zone in your request or "
    "choosing eu-west-1b, eu-west-1c. Launching EC2 instance failed.")


@dataclass
class Delays:
    """In seconds."""

    launch: float = 0.05  # from a raised capacity to an instance that is Pending
    boot: float = 0.05  # from Pending to InService
    replace: float = 1.0  # from an instance's end to the next one's launch
    terminate: float = 0.1  # how long one is Terminating
    retry: float = 0.3  # from a failed launch to the next
    show: float = 0.0  # from a change to the first description of the group that has it


@dataclass
class Instance:
    id: str
    zone: str
    protected: bool
    state: str  # Pending, InService, Terminating
    since: float  # in this state
    activity: object  # what has brought it there
    unfit_since: float | None = None  # its machine is gone, or somebody has said so
    health: str = "Healthy"

    @property
    def active(self):
        return self.state != "Terminating"


@dataclass
class Opening:
    """A launch that is to come."""

    at: float
    why: str


class Group:
    def __init__(self, aws, name, settings):
        self.aws, self.name, self.settings = aws, name, settings
        self.arn = (f"arn:aws:{SERVICE}:{REGION}:{ACCOUNT}:autoScalingGroup:{uuid.uuid4()}:"
                    f"autoScalingGroupName/{name}")
        self.created_at = aws.now()
        self.min, self.max, self.desired = settings["MinSize"], settings["MaxSize"], 0
        self.members, self.openings, self.history, self.suspended = {}, [], [], {}
        self.changed = "a user request created an AutoScalingGroup"
        self.deleting = self.deleted = False
        self.busy_until = 0.0  # the cooldown
        self.launches_fail, self.pending_for_ever, self.ever_launched = None, False, 0
        self.views = [(time.monotonic(), self.describe())]  # what it was, and since when

    # --- For tests ------------------------------------------------------------------------------
    # `launches_fail` (a message, or None) and `pending_for_ever` may be set at any time.

    @property
    def instances(self):
        """Copies of all that are listed."""
        with self.aws.lock:
            return [copy(instance) for instance in self.members.values()]

    @property
    def activities(self):
        """As DescribeScalingActivities has them, newest first."""
        with self.aws.lock:
            return [activity.describe() for activity in reversed(self.history)]

    def launched(self):
        """How many launches have succeeded, ever."""
        return sum(a["StatusCode"] == "Successful" and a["Description"].startswith("Launching")
                   for a in self.activities)

    def vanish(self, identifier):
        """The machine is gone. The group notices later, and replaces it if nobody prevents it."""
        with self.aws.lock:
            self.members[identifier].unfit_since = time.monotonic()

    # --- What is asked of it --------------------------------------------------------------------

    def active(self):
        return [instance for instance in self.members.values() if instance.active]

    def set_desired(self, desired, words):
        if desired != self.desired:
            self.changed = f"{words} changing the desired capacity from {self.desired} to {desired}"
            self.desired = desired

    def terminate(self, instance, cause, replaced):
        """Its end begins. Where it was, another will be launched, or the desired capacity falls."""
        now, size = self.aws.now(), len(self.active())
        why = f"At {stamp(now)} instance {instance.id} was taken out of service in response to "
        why += cause + ("." if replaced else f", shrinking the capacity from {size} to {size - 1}.")
        instance.state, instance.since = "Terminating", time.monotonic()
        instance.activity = self.record(terminating(self, instance, why, now))
        return instance.activity

    def replace_later(self, instance, delay):
        why = (f"At {stamp(self.aws.now())} an instance was started in response to instance "
               f"{instance.id} having been taken out of service.")
        self.openings.append(Opening(time.monotonic() + delay, why))

    def record(self, activity):
        self.history.append(activity)
        return activity

    def end_all(self):
        self.deleting, self.desired, self.min = True, 0, 0
        for instance in self.active():
            self.terminate(instance, "a user request force deleting the AutoScalingGroup", False)

    # --- What it does by itself -----------------------------------------------------------------

    def tick(self):
        now = time.monotonic()
        for instance in list(self.members.values()):
            self.age(instance, now)
        self.plan(now)
        if "Launch" not in self.suspended:
            self.launch_due(now)
        if "Terminate" not in self.suspended:
            self.scale_in()
        self.remember_view()

    def age(self, instance, now):
        delays, lasted = self.aws.delays, now - instance.since
        if instance.state == "Terminating":
            if lasted >= delays.terminate:
                del self.members[instance.id]
                self.ended(instance.activity)
        elif instance.unfit_since is not None:
            checks = not self.suspended.keys() & {"HealthCheck", "ReplaceUnhealthy", "Terminate"}
            if checks and now - instance.unfit_since >= delays.replace:
                instance.health = "Unhealthy"
                self.terminate(instance, "an EC2 health check indicating it has been terminated "
                               "or stopped", replaced=True)
                self.replace_later(instance, 0)
        elif instance.state == "Pending" and not self.pending_for_ever and lasted >= delays.boot:
            instance.state, instance.since = "InService", now
            self.ended(instance.activity)

    def ended(self, activity):
        activity.end("Successful", self.aws.now())
        self.busy_until = time.monotonic() + self.settings["DefaultCooldown"]

    def plan(self, now):
        """As many launches ahead as instances lack."""
        size = len(self.active())
        missing = max(self.desired - size, 0) - len(self.openings)
        if missing < 0:
            del self.openings[missing:]
        if missing > 0:
            when = stamp(self.aws.now())
            why = (f"At {when} {self.changed}.  At {when} an instance was started in response to a "
                   "difference between desired and actual capacity, increasing the capacity from "
                   f"{size} to {self.desired}.")
            at = now + self.aws.delays.launch
            self.openings += [Opening(at, why) for _ in range(missing)]

    def launch_due(self, now):
        due = [opening for opening in self.openings if opening.at <= now]
        self.openings = [opening for opening in self.openings if opening.at > now]
        for opening in due:
            zones = self.settings["AvailabilityZones"]
            zone = zones[self.ever_launched % len(zones)]
            self.ever_launched += 1
            if self.launches_fail:
                self.record(failed_launch(self, zone, opening.why, self.launches_fail,
                                          self.aws.now()))
                self.openings.append(Opening(now + self.aws.delays.retry, opening.why))
            else:
                self.launch(zone, opening.why, now)

    def launch(self, zone, why, now):
        instance = Instance(f"i-{secrets.token_hex(9)[:17]}", zone,
                            self.settings["NewInstancesProtectedFromScaleIn"], "Pending", now, None)
        instance.activity = self.record(launching(self, instance, why, self.aws.now()))
        self.members[instance.id] = instance

    def scale_in(self):
        """AWS protects instances only once they are InService."""
        active = self.active()
        free = [i for i in active if i.state == "InService" and not i.protected]
        free += [i for i in active if i.state == "Pending"]
        for instance in free[:max(len(active) - self.desired, 0)]:
            self.terminate(instance, "a difference between desired and actual capacity", False)

    def remember_view(self):
        view, now = self.describe(), time.monotonic()
        if view != self.views[-1][1]:
            self.views.append((now, view))
        while len(self.views) > 1 and self.views[1][0] <= now - self.aws.delays.show:
            del self.views[0]

    def shown(self):
        """As DescribeAutoScalingGroups has it: AWS promises no more than that it will be right."""
        self.remember_view()
        return self.views[0][1]

    def describe(self):
        settings = self.settings
        described = {
            **settings, "AutoScalingGroupName": self.name, "AutoScalingGroupARN": self.arn,
            "MinSize": self.min, "MaxSize": self.max, "DesiredCapacity": self.desired,
            "CreatedTime": self.created_at, "LoadBalancerNames": [], "TargetGroupARNs": [],
            "Instances": [self.describe_instance(i) for i in self.members.values()],
            "SuspendedProcesses": [{"ProcessName": name, "SuspensionReason": reason}
                                   for name, reason in sorted(self.suspended.items())],
            "EnabledMetrics": [], "TrafficSources": [], "CapacityRebalance": False}
        return described | ({"Status": "Delete in progress"} if self.deleting else {})

    def describe_instance(self, instance):
        return {"InstanceId": instance.id, "InstanceType": "t3.large",
                "AvailabilityZone": instance.zone, "LifecycleState": instance.state,
                "HealthStatus": instance.health, "ProtectedFromScaleIn": instance.protected,
                **{name: self.settings[name] for name in ("LaunchTemplate",
                                                          "LaunchConfigurationName")
                   if name in self.settings}}
