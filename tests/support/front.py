"""A server before moto that knows the one thing that moto does not: where a layer's zip is.

The address is its own, as moto takes signed addresses of its S3 for wrong. All else it passes on,
unless a test has it refuse.
"""

import http.client
import json
import re
import secrets
import threading
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.moto import ACCOUNT, REGION

LAYER = re.compile(r"/2018-10-31/layers/([\w-]+)/versions/(\d+)")
PACKAGE = "/package?X-Amz-Signature=" + secrets.token_hex(32)
THROTTLED = (400, {"content-type": "text/xml"}, b"<ErrorResponse><Error><Type>Sender</Type>"
             b"<Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>")


def is_signed(keys, method, url, headers):
    """Whether the signature is the one that AWS's own signer makes of what is said to be signed."""
    said = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=(\w+)/\d{8}/([\w-]+)/(\w+)/aws4_request, ?"
                        r"SignedHeaders=([\w;-]+), ?Signature=(\w+)",
                        headers.get("authorization", ""))
    if not said or said[1] != keys["aws_access_key_id"]:
        return False
    signed = said[4].split(";")
    if not {"host", "x-amz-date", "x-amz-security-token"} <= set(signed):
        return False
    request = AWSRequest(method, url, {name: headers[name] for name in signed})
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(*keys.values()), said[3], said[2])
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return (headers["x-amz-security-token"] == keys["aws_session_token"]
            and signer.signature(text, request) == said[5])


class Front:
    """`layer`: what it says of the package; `refuse`: gives an answer of its own to an action."""

    def __init__(self, moto, keys, allowed_layer, package, sha256):
        self.moto, self.keys, self.allowed_layer, self.package = moto, keys, allowed_layer, package
        self.refuse, self.actions = lambda action: None, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.layer = {"Location": f"{self.url}{PACKAGE}", "CodeSha256": sha256}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def where_is(self, path, headers):
        name, version = LAYER.fullmatch(path).groups()
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{name}:{version}"
        if not (is_signed(self.keys, "GET", self.url + path, headers)
                and fnmatchcase(arn, self.allowed_layer)):
            return 403, {"x-amzn-errortype": "AccessDeniedException"}, b'{"Message":"no"}'
        body = json.dumps({"Content": self.layer, "LayerVersionArn": arn, "Version": int(version)})
        return 200, {"content-type": "application/json"}, body.encode()

    def pass_on(self, method, path, headers, body):
        """With its Host, which is signed."""
        address = urlsplit(self.moto.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        told = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return told

    def answer(self, method, path, headers, body):
        if method == "GET" and LAYER.fullmatch(path):
            self.actions.append("GetLayerVersion")
            return self.where_is(path, headers)
        if method == "GET" and path == PACKAGE:
            return 200, {}, self.package
        action = headers.get("x-amz-target", "").split(".")[-1] or parse_qs(
            body.decode(errors="replace")).get("Action", [""])[0]
        self.actions.append(action)
        return self.refuse(action) or self.pass_on(method, path, headers, body)

    def handler(front):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def respond(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, fields, text = front.answer(self.command, self.path, headers, body)
                self.send_response(status)
                for name, value in fields.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding",
                                            "date", "server"):
                        self.send_header(name, value)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = respond

            def log_message(self, *_):
                pass

        return Handler

    def close(self):
        self.server.shutdown()
        self.server.server_close()
