"""A server in front of another, which answers as a test tells it to: rightly, wrongly, in part.

It answers the runner API only (GET), which is all that a scaler asks of CircleCI.
"""

import http.client
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Told:
    status: int
    body: bytes
    headers: dict = field(default_factory=dict)
    length: int = None  # what the answer says of its length, if that is not so


class Faulty:
    """`fault(path, tell)` gives what is answered; `tell()` is the other server's own answer."""

    def __init__(self, url):
        address = urlsplit(url)
        self.fault, self.calls = None, []
        proxy = self

        def forward(path, headers):
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            told = Told(answer.status, answer.read(), {"content-type": "application/json"})
            connection.close()
            return told

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self):
                proxy.calls.append((time.monotonic(), self.path))
                headers = {"Circle-Token": self.headers.get("circle-token", "")}

                def tell():
                    return forward(self.path, headers)
                try:
                    told = proxy.fault(self.path, tell) if proxy.fault else tell()
                except OSError:  # the other server is away
                    told = Told(502, b"")
                self.send_response(told.status)
                length = len(told.body) if told.length is None else told.length
                for name, value in {"content-length": length, **told.headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(told.body)
                self.close_connection = length != len(told.body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def failing(status, body=b'{"message":"no"}', **headers):
    return lambda path, tell: Told(status, body, headers)


def rubbish():
    """One wrong answer after another, each of which has been seen in the wild."""
    answers = [Told(500, b"oops"), Told(200, b""), Told(200, b"<html>hello</html>"),
               Told(200, b'{"unclaimed_task_count": -1, "running_runner_tasks": -1, "items": []}'),
               Told(200, b'{"unclaimed_task_count": "many"}'), Told(200, b"null"),
               Told(200, b"{}"), Told(200, b"\xff\xfe" * 100), Told(503, b""), Told(301, b""),
               Told(200, b'{"message": "You must log in first."}'), Told(204, b"")]
    state = {"next": 0}

    def answer(path, tell):
        state["next"] += 1
        return answers[state["next"] % len(answers)]
    return answer


def cut_short(path, tell):
    """A 200 whose body ends before its end. What is there looks whole."""
    told = tell()
    return Told(told.status, b'{"unclaimed_task_count":0,"running_runner_tasks":0,"items":[]}',
                told.headers, length=4096)
