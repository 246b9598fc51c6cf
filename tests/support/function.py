"""AWS Lambda's side of a custom runtime: invocations are handed to a process, one at a time."""

import json
import queue
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Invocation:
    """`answer` is what the function returned; `error`, what it failed with."""
    seconds: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    answer: object = None
    error: dict = None
    over: threading.Event = field(default_factory=threading.Event)

    def wait(self, deadline=90):
        assert self.over.wait(deadline), "the function has not answered"
        return self

    def succeed(self):
        self.wait()
        assert self.error is None, self.error
        return self.answer


class RuntimeApi:
    def __init__(self):
        self.waiting, self.invocations, self.start_error = queue.Queue(), {}, None
        self.posted = []  # each answer and error, as text
        self.closing = threading.Event()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self):
                invocation = api.next_invocation()
                if invocation is None:
                    self.close_connection = True
                    return
                deadline = int((time.time() + invocation.seconds) * 1000)
                self.answer(200, {}, {"Lambda-Runtime-Aws-Request-Id": invocation.id,
                                      "Lambda-Runtime-Deadline-Ms": str(deadline)})

            def do_POST(self):
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                api.posted.append(text)
                body = json.loads(text)
                *_, identifier, outcome = self.path.split("/")
                if identifier == "init":
                    api.start_error = body
                else:
                    invocation = api.invocations[identifier]
                    if outcome == "response":
                        invocation.answer = body
                    else:
                        invocation.error = body
                    invocation.over.set()
                self.answer(202, {"status": "OK"})

            def answer(self, status, document, headers=None):
                body = json.dumps(document).encode()
                self.send_response(status)
                for name, value in {"content-length": str(len(body)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next_invocation(self):
        while not self.closing.is_set():
            try:
                return self.waiting.get(timeout=0.1)
            except queue.Empty:
                continue
        return None

    def invoke(self, seconds=58):
        """An invocation that the function is given so many seconds for."""
        invocation = Invocation(seconds)
        self.invocations[invocation.id] = invocation
        self.waiting.put(invocation)
        return invocation

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
