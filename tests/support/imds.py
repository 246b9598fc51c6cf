"""The metadata service of an EC2 instance, version 2 alone: without a token it tells nothing.

    imds = Imds("i-0abc", role_keys)
    imds.tree["spot/instance-action"] = '{"action": …}'     what is not in it is not found
    imds.fault = 500                                        a status, a text (answered with 200), or
    imds.fault = HANG_UP                                    no answer at all; None: none
    imds.forget_tokens(); imds.asked("tags/"); imds.close()
"""

import json
import secrets
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG_UP = "hang up"
MOST_TTL = 21600
TOKEN, TTL = "x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds"


class Imds:
    def __init__(self, instance_id, *role_keys, region="eu-west-1", role="instance"):
        """`role_keys`: one after another is given to who asks, and the last again and again."""
        self.keys, self.fault = list(role_keys), None
        self.requests, self.tokens = [], {}  # tokens: until when each is good
        self.tree = {"instance-id": instance_id, "placement/region": region}
        if role_keys:
            self.tree["iam/security-credentials/"] = role
            self.tree[f"iam/security-credentials/{role}"] = self.next_keys
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next_keys(self):
        keys = self.keys.pop(0) if len(self.keys) > 1 else self.keys[0]
        now = datetime.now(timezone.utc)
        return json.dumps({
            "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": stamp(now),
            "AccessKeyId": keys["aws_access_key_id"],
            "SecretAccessKey": keys["aws_secret_access_key"],
            "Token": keys["aws_session_token"], "Expiration": stamp(now + timedelta(hours=6))})

    def forget_tokens(self):
        self.tokens.clear()

    def asked(self, path):
        """How often this was asked for, with any answer."""
        return sum(request[1].startswith(f"/latest/meta-data/{path}")
                   for request in list(self.requests))

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, path, headers):
        """Status and text, as the real one answers; or None: nothing."""
        if self.fault == HANG_UP:
            return None
        if isinstance(self.fault, int):
            return self.fault, ""
        if "x-forwarded-for" in headers:
            return 403, ""  # a proxy that was tricked into asking
        if path == "/latest/api/token":
            return self.new_token(method, headers.get(TTL, ""))
        if self.tokens.get(headers.get(TOKEN, ""), 0) < time.monotonic():
            return 401, ""
        if method != "GET":
            return 405, ""
        if isinstance(self.fault, str):
            return 200, self.fault
        text = self.tree.get(path.removeprefix("/latest/meta-data/"))
        if text is None:
            return 404, ""
        return 200, text() if callable(text) else text

    def new_token(self, method, ttl):
        if method != "PUT":
            return 405, ""
        if not ttl.isdecimal() or not 1 <= int(ttl) <= MOST_TTL:
            return 400, ""
        token = secrets.token_urlsafe(40)
        self.tokens[token] = time.monotonic() + int(ttl)
        return 200, token

    def handler(imds):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def respond(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = imds.answer(self.command, self.path, headers)
                imds.requests.append((self.command, self.path, answer and answer[0]))
                if answer is None:
                    self.close_connection = True
                    return
                body = answer[1].encode()
                self.send_response(answer[0])
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = respond

            def log_message(self, *_):
                pass

        return Handler


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
