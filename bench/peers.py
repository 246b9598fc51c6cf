"""Whom the scaler speaks to, with ready answers: CircleCI, AWS, and Lambda's runtime API.

One thread, and no more work for an answer than it needs, so that what is measured is the caller.
"""

import asyncio
import json
import threading
import time
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

RUNTIME = "/2018-06-01/runtime/invocation/"
TOKEN = "a-personal-token"
XMLNS = "http://autoscaling.amazonaws.com/doc/2011-01-01/"
# A pass begins at least; no second one does, as the function keeps three of these for its end.
SECONDS_FOR_ONE_PASS = 3.5
# The scaler spaces its requests to CircleCI; what is measured is what it does, not that it waits.
BETWEEN_INVOCATIONS = 0.01


class Call(NamedTuple):
    name: str
    arrived: float  # by time.monotonic(), which all processes of a machine share
    answered: float


class Fleet:
    """Resource classes with a group each: what waits, and instances that are all busy."""

    def __init__(self, classes=1, waiting=3, instances=0):
        self.names = [f"acme/class-{i:02}" for i in range(1, classes + 1)]
        self.waiting, self.instances = waiting, instances

    def group(self, name):
        return name.replace("/", "-")

    def instance_ids(self, name):
        return [f"i-{self.names.index(name):08x}{i:09x}" for i in range(self.instances)]

    def runners(self):
        return {"items": [{"resource_class": name, "hostname": each, "name": each,
                           "version": "3.1.0", "ip": "192.0.2.1",
                           "first_connected": "2026-01-01T00:00:00Z",
                           "last_connected": "2026-01-01T00:00:00Z",
                           "last_used": "2026-01-01T00:00:00Z"}
                          for name in self.names for each in self.instance_ids(name)]}

    def groups(self):
        def instance(each):
            return (f"<member><InstanceId>{each}</InstanceId><LifecycleState>InService"
                    "</LifecycleState><HealthStatus>Healthy</HealthStatus><AvailabilityZone>"
                    "eu-west-1a</AvailabilityZone><InstanceType>m6i.large</InstanceType>"
                    "<ProtectedFromScaleIn>true</ProtectedFromScaleIn></member>")

        def group(name):
            return (f"<member><AutoScalingGroupName>{self.group(name)}</AutoScalingGroupName>"
                    f"<MinSize>0</MinSize><MaxSize>40</MaxSize><DesiredCapacity>{self.instances}"
                    "</DesiredCapacity><NewInstancesProtectedFromScaleIn>true"
                    "</NewInstancesProtectedFromScaleIn><Instances>"
                    f"{''.join(map(instance, self.instance_ids(name)))}</Instances></member>")

        return f"<AutoScalingGroups>{''.join(map(group, self.names))}</AutoScalingGroups>"


def xml(action, result=""):
    return (f'<{action}Response xmlns="{XMLNS}"><{action}Result>{result}</{action}Result>'
            "<ResponseMetadata><RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId>"
            f"</ResponseMetadata></{action}Response>").encode()


class Peers:
    def __init__(self, fleet=None, seconds=SECONDS_FOR_ONE_PASS):
        self.fleet, self.seconds = fleet or Fleet(), seconds
        self.calls, self.parked = [], threading.Event()
        self._left, self._waiting, self._items = 0, None, {}
        circleci = {"tasks": {"unclaimed_task_count": self.fleet.waiting},
                    "tasks/running": {"running_runner_tasks": self.fleet.instances}}
        self._ready = {
            **{f"/api/v2/{path}": json.dumps(answer).encode() for path, answer in circleci.items()},
            **{f"/api/v3/runner/{path}": json.dumps(answer).encode()
               for path, answer in circleci.items()},
            "/api/v3/runner": json.dumps(self.fleet.runners()).encode(),
            "DescribeAutoScalingGroups": xml("DescribeAutoScalingGroups", self.fleet.groups()),
            "GetSecretValue": json.dumps({"Name": "circleci", "SecretString": json.dumps(
                {"circle_token": TOKEN, "resource_class": self.fleet.names[0]})}).encode()}
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), "127.0.0.1", 0))
        self.host = "127.0.0.1:%d" % self._server.sockets[0].getsockname()[1]
        self.url = f"http://{self.host}"
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)

    def grant(self, invocations):
        """So many invocations, one after the other; `parked` is set when all are over."""
        self.parked.clear()
        self._loop.call_soon_threadsafe(self._grant, invocations)

    def forget(self):
        """As if nobody had called yet: for the next process."""
        self.calls, self._waiting, self._items = [], None, {}

    def _grant(self, invocations):
        self._left = invocations
        if self._waiting:
            self._invoke()

    def _invoke(self):
        waiting, self._waiting = self._waiting, None
        self._left -= 1
        deadline = int((time.time() + self.seconds) * 1000)
        waiting.answer("next", b"{}", f"Lambda-Runtime-Aws-Request-Id: {time.monotonic_ns()}\r\n"
                                      f"Lambda-Runtime-Deadline-Ms: {deadline}\r\n")

    def handle(self, connection, target, headers, body):
        if target.startswith(RUNTIME):
            return self._runtime(connection, target.removeprefix(RUNTIME), body)
        if target != "/":
            path = urlsplit(target).path
            return connection.answer(f"CircleCI {path.split('/', 3)[3]}", self._ready[path])
        if operation := headers.get("x-amz-target"):
            action = operation.split(".")[1]
            return connection.answer(action, self._json(action, body),
                                     "Content-Type: application/x-amz-json-1.1\r\n")
        action = parse_qs(body.decode())["Action"][0]
        ready = self._ready.get(action) or xml(action)
        return connection.answer(action, ready, "Content-Type: text/xml\r\n")

    def _runtime(self, connection, path, body):
        if path != "next":
            outcome = path.split("/")[1]
            return connection.answer(outcome if outcome == "response" else body.decode(),
                                     b'{"status":"OK"}')
        self._waiting = connection
        if self._left > 0:
            pause = BETWEEN_INVOCATIONS if self.calls else 0
            return self._loop.call_later(pause, self._invoke)
        return self.parked.set()

    def _json(self, action, body):
        if action == "GetItem":
            key = json.loads(body)["Key"]["group"]["S"]
            return json.dumps({"Item": self._items[key]} if key in self._items else {}).encode()
        if action == "PutItem":
            item = json.loads(body)["Item"]
            self._items[item["group"]["S"]] = item
            return b"{}"
        return self._ready[action]


class _Connection(asyncio.Protocol):
    """One request after the other, each with its length."""

    def __init__(self, peers):
        self._peers, self._unread = peers, b""

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        if not self._unread:
            self._arrived = time.monotonic()
        self._unread += data
        head, ended, body = self._unread.partition(b"\r\n\r\n")
        if not ended:
            return
        first, *lines = head.decode().split("\r\n")
        fields = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in fields}
        if len(body) < int(headers.get("content-length", 0)):
            return
        self._unread = b""
        self._peers.handle(self, first.split(" ")[1], headers, body)

    def answer(self, name, body, headers=""):
        head = (f"HTTP/1.1 200 OK\r\nDate: {formatdate(usegmt=True)}\r\n"
                f"Content-Length: {len(body)}\r\n{headers}\r\n")
        # Noted first: the caller may go on, and be looked at, as soon as it has its answer.
        self._peers.calls.append(Call(name, self._arrived, time.monotonic()))
        self._transport.write(head.encode() + body)
