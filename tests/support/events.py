"""Reads a stream of server-sent events, as a browser would."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass
class Event:
    name: str
    id: str
    data: dict


class Events:
    """Reading waits for `timeout` seconds at most; then TimeoutError."""

    def __init__(self, api, *watched, last_id=None, timeout=60):
        self.connection = api.connect(timeout)
        resume = {"Last-Event-ID": last_id} if last_id else {}
        self.connection.request("GET", "/api/muster/v1/events?" + urlencode(
            [("watch", one) for one in watched]), headers={**api.credential, **resume})
        self.answer = self.connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer.close()
        self.connection.close()

    def next(self):
        """The next event; None once the stream has ended."""
        fields = {}
        while True:
            try:
                line = self.answer.readline().decode().rstrip("\n")
            except (http.client.HTTPException, ConnectionError):
                return None
            if not line and self.answer.isclosed():
                return None
            if not line and "data" in fields:
                return Event(fields["event"], fields["id"], json.loads(fields["data"]))
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value

    def until(self, wanted):
        """The first event that is wanted; what comes before it is passed over."""
        while event := self.next():
            if wanted(event):
                return event
        raise AssertionError("the stream ended before what was waited for")
