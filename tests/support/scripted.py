"""A server that is not muster's: it answers as a test tells it to, or not at all."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Scripted:
    """`answer(method, path)` gives a status and a document, or None: hang up without a word.
    A document that is text is sent as it is, any other as JSON.

    `clock` gives the time that its answers say it is.
    """

    def __init__(self, answer, clock=None):
        self.calls = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                script.calls.append(f"{self.command} {self.path.split('?')[0]}")
                answered = answer(self.command, self.path)
                if answered is None:
                    self.close_connection = True
                    return
                status, document = answered
                text = document if isinstance(document, str) else json.dumps(document)
                body = text.encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = answer

            def date_time_string(self, timestamp=None):
                return super().date_time_string(clock() if clock else timestamp)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
