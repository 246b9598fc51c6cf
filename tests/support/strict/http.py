"""HTTP/1.1 around the service: kept connections, one packet an answer."""

import threading
import time
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    status: int
    request_id: str
    body: bytes
    sent: int  # how much of the body; the connection ends if that is not all


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def listen(aws):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = sys_version = ""
        # Otherwise headers and body go separately, and the second waits 40 ms for the first.
        wbufsize = -1
        disable_nagle_algorithm = True

        def answer(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {}
            for name, value in self.headers.items():
                name = name.lower()
                headers[name] = f"{headers[name]},{value}" if name in headers else value
            if aws.is_silent_to(headers):
                aws.stopping.wait()
                self.close_connection = True
                return
            self.send(aws.answer(self.command, self.path, headers, body))

        do_GET = do_POST = answer

        def send(self, answer):
            self.send_response(answer.status)
            self.send_header("x-amzn-RequestId", answer.request_id)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[:answer.sent])
            if answer.sent < len(answer.body):
                self.close_connection = True

        def date_time_string(self, timestamp=None):
            return formatdate(time.time() + aws.clock_offset, usegmt=True)

        def log_message(self, *_):
            pass

    listener = Listener(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    return listener
