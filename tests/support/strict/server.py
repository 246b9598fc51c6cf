"""The service over HTTP, and what a test does with it.

    aws = StrictAws(boot_delay=0.3)
    aws.create_group("runners", maximum=10)
    aws.client("autoscaling", aws.create_user("scaler", statements))
    aws.group("runners").launches_fail = NO_CAPACITY
    aws.faults.throttle("SetDesiredCapacity", times=3)
    aws.silent_regions.add("us-east-1")
    aws.expire(keys); aws.allow(keys, [...]); aws.clock_offset = 600
    aws.calls, aws.group("runners").instances, .activities, .launched(), .vanish(id)
    aws.close()

A fault of the server itself, such as an answer that botocore's model does not allow, is kept and
raised by close().
"""

import threading
import time
import traceback
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import boto3
from botocore.loaders import Loader
from botocore.model import ServiceModel

from support.strict import http, query, xml
from support.strict.actions import ACTIONS
from support.strict.faults import Faults, internal_failure
from support.strict.group import Delays
from support.strict.keys import AUTHORIZATION, REGION, KeyRing, arn_of, authorize
from support.strict.refusal import Refusal

TICK = 0.02


@dataclass
class Call:
    at: float
    access_key: str | None = None
    action: str | None = None
    parameters: dict | None = None
    code: str | None = None  # of the refusal


def anything(actions):
    """The statements that allow these actions wherever."""
    return [{"Effect": "Allow", "Action": actions, "Resource": "*"}]


class StrictAws:
    region = REGION

    def __init__(self, **delays):
        """`launch_delay`, `boot_delay`, …: see Delays."""
        self.delays = Delays(**{name.removesuffix("_delay"): value
                                for name, value in delays.items()})
        self.model = ServiceModel(Loader().load_service_model("autoscaling", "service-2"))
        self.lock = threading.RLock()
        self.clock_offset = 0.0  # seconds that AWS's clock is ahead of ours
        self.page_size = 100  # the largest page it gives
        self.groups, self.deleted, self.calls, self.errors = {}, [], [], []
        self.silent_regions = set()  # what is signed for these is never answered
        self.faults, self.key_ring = Faults(self.lock), KeyRing()
        self.administrator = self.create_user("administrator", anything("*"))
        self.stopping = threading.Event()
        self.listener = http.listen(self)
        self.url = f"http://127.0.0.1:{self.listener.server_port}"
        self.ticker = threading.Thread(target=self.run, daemon=True)
        self.ticker.start()

    # --- For tests ------------------------------------------------------------------------------

    def client(self, service="autoscaling", keys=None, **options):
        return boto3.client(service, endpoint_url=self.url, region_name=self.region,
                            **(keys or self.administrator), **options)

    def create_user(self, name, statements):
        """Keys, as boto3 wants them, of a user with this policy."""
        return self.key_ring.add(f"user/{name}", statements).for_boto3()

    def assume_role(self, name, statements):
        """Likewise, with a session token."""
        return self.key_ring.add(f"assumed-role/{name}/test", statements,
                                 temporary=True).for_boto3()

    def adopt(self, who, keys, statements):
        """A user that another server has made."""
        self.key_ring.adopt(who, keys, statements)

    def allow(self, of, actions):
        """From now on these keys may do this, and nothing else."""
        self.key(of).statements = anything(actions)

    def expire(self, of):
        self.key(of).expired = True

    def key(self, of):
        return self.key_ring.keys[of["aws_access_key_id"]]

    def create_group(self, name, maximum, **more):
        """An empty group whose new instances are protected."""
        self.client().create_auto_scaling_group(**{
            "AutoScalingGroupName": name, "MinSize": 0, "MaxSize": maximum, "DesiredCapacity": 0,
            "AvailabilityZones": [self.region + "a", self.region + "b"],
            "NewInstancesProtectedFromScaleIn": True,
            "LaunchTemplate": {"LaunchTemplateName": name, "Version": "$Latest"}, **more})
        return self.group(name)

    def group(self, name):
        return self.groups[name]

    def calls_of(self, action):
        with self.lock:
            return [call for call in self.calls if call.action == action]

    def close(self):
        self.stopping.set()
        self.ticker.join()
        self.listener.shutdown()
        self.listener.server_close()
        assert not self.errors, "the strict server itself failed:\n" + "\n".join(self.errors)

    # --- The service ----------------------------------------------------------------------------

    def now(self):
        return datetime.now(timezone.utc) + timedelta(seconds=self.clock_offset)

    def run(self):
        while not self.stopping.wait(TICK):
            with self.lock:
                try:
                    for group in self.groups.values():
                        group.tick()
                    self.forget_deleted()
                except Exception:
                    self.errors.append(traceback.format_exc())

    def forget_deleted(self):
        for group in [g for g in self.groups.values() if g.deleting and not g.members]:
            group.deleted = True
            self.deleted.append(self.groups.pop(group.name))

    def is_silent_to(self, headers):
        signed = AUTHORIZATION.match(headers.get("authorization", ""))
        return signed is not None and signed["scope"].split("/")[1] in self.silent_regions

    def answer(self, method, path, headers, body):
        """Status, body, and how much of the body is sent."""
        call, request_id = Call(time.time()), str(uuid.uuid4())
        with self.lock:
            self.calls.append(call)
            try:
                text = self.carry_out(call, request_id, method, path, headers, body)
                sent = len(text) // 2 if self.faults.cuts(call.action) else len(text)
                return http.Answer(200, request_id, text, sent)
            except Refusal as refused:
                refusal = refused
            except Exception:
                self.errors.append(traceback.format_exc())
                refusal = internal_failure()
            call.code = refusal.code
            text = xml.write_refusal(self.model.metadata["xmlNamespace"], refusal, request_id)
            return http.Answer(refusal.status, request_id, text, len(text))

    def carry_out(self, call, request_id, method, path, headers, body):
        form = query.read_form(body)
        call.action = form.get("Action")
        key = self.key_ring.authenticate(method, path, headers, body, self.now())
        call.access_key = key.id
        operation = query.find_operation(self.model, form)
        if operation.name not in ACTIONS:
            raise Refusal("InvalidAction", f"Could not find operation {operation.name} for "
                          f"version {self.model.api_version}")
        authorize(key, operation.name, self.resource_of(operation.name, form))
        self.faults.before(operation.name)
        call.parameters = query.read_parameters(operation, form)
        answer = ACTIONS[operation.name](self, dict(call.parameters))
        text = xml.write_answer(self.model, operation, answer, request_id)
        self.faults.after(operation.name)
        return text

    def resource_of(self, action, form):
        """What a policy may name: none for a Describe; of an instance, its group."""
        if action.startswith("Describe"):
            return None
        group = form.get("AutoScalingGroupName")
        for candidate in self.groups.values() if "InstanceId" in form else []:
            if form["InstanceId"] in candidate.members:
                group = candidate.name
        return arn_of(group)
