"""An HTTP client that shows everything: status, headers, body. One connection per request."""

import base64
import http.client
import json
import ssl
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def message(self):
        return self.json()["message"]

    def expect(self, status):
        assert self.status == status, f"expected {status}, got {self.status}: {self.text[:500]}"
        return self


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def circle_token(token):
    return {"Circle-Token": token}


def basic(user, password=""):
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


class Api:
    def __init__(self, url, credential=None, ca_file=None):
        """`ca_file`: the authority of a server with https."""
        self.url, self.credential, self.ca_file = url, credential or {}, ca_file

    def with_credential(self, credential):
        return Api(self.url, credential, self.ca_file)

    def connect(self, timeout):
        address = urlsplit(self.url)
        if address.scheme == "http":
            return http.client.HTTPConnection(address.hostname, address.port, timeout=timeout)
        trusted = ssl.create_default_context(cafile=self.ca_file)
        return http.client.HTTPSConnection(address.hostname, address.port, timeout=timeout,
                                           context=trusted)

    def request(self, method, path, body=None, query=None, headers=None, timeout=90):
        """`body`: bytes are sent as they are, anything else as JSON."""
        if query:
            path += "?" + urlencode(query, doseq=True, safe="/")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body, {**self.credential, **(headers or {})})
            answer = connection.getresponse()
            lower = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, lower, answer.read())
        except http.client.HTTPException as error:  # the server went away in the middle
            raise ConnectionError(repr(error)) from error
        finally:
            connection.close()

    def get(self, path, **query):
        return self.request("GET", path, query=query)

    def post(self, path, body=None):
        return self.request("POST", path, {} if body is None else body)

    def put(self, path, body, **query):
        return self.request("PUT", path, body, query=query)

    def delete(self, path):
        return self.request("DELETE", path)
