"""Connections that are cut: in the middle of a request, of an answer, or wherever they happen to be."""

import asyncio
import json
import random
import socket
import struct
from urllib.parse import urlsplit

from support.relay import Forwarder

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing throws away what was not sent, and says RST


class Line:
    """Says one request of `credential`'s to the server at `url`, as often as it is told to."""

    def __init__(self, api, method, path, body):
        address = urlsplit(api.url)
        self.address = address.hostname, address.port
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Host": address.netloc, "Content-Length": len(content), **api.credential}
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        self.request = "\r\n".join(lines).encode() + content

    def _send(self, size, receive, reset):
        with socket.create_connection(self.address, timeout=60) as connection:
            connection.sendall(self.request[:size])
            answer = b""
            while len(answer) < receive and (more := connection.recv(receive - len(answer))):
                answer += more
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return answer

    def cut_request(self, size):
        self._send(size, 0, reset=size % 2)

    def cut_answer(self, size):
        """What was read of it before the cut."""
        return self._send(len(self.request), size, reset=size % 2)

    def answer(self):
        """The whole of it: its status, its length, and its body."""
        with socket.create_connection(self.address, timeout=60) as connection:
            connection.sendall(self.request)
            with connection.makefile("rb") as reader:
                head = [reader.readline()]
                while head[-1] not in (b"\r\n", b""):
                    head.append(reader.readline())
                fields = dict(line.lower().split(b":", 1) for line in head[1:-1])
                body = reader.read(int(fields.get(b"content-length", 0)))
        return int(head[0].split()[1]), sum(map(len, head)) + len(body), body


class Cutting(Forwarder):
    """In front of a server: cuts every connection after so many bytes of both directions."""

    def __init__(self, port, seed, fewest, most):
        super().__init__()
        self.random, self.range, self.cuts = random.Random(seed), (fewest, most), 0
        self.url = f"http://127.0.0.1:{self.serve(port, '127.0.0.1', 0)}"
        self.start()

    def to(self, port):
        async def relay(client, to_client):
            left = [self.random.randint(*self.range)]
            try:
                server, to_server = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                to_client.close()
                return
            both = to_server, to_client
            await asyncio.gather(self.pass_some(client, to_server, left, both),
                                 self.pass_some(server, to_client, left, both))
        return relay

    async def pass_some(self, source, target, left, both):
        try:
            while left[0] > 0 and (data := (await source.read(1 << 16))[:left[0]]):
                left[0] -= len(data)
                target.write(data)
                await target.drain()
        except OSError:  # one of them has gone
            pass
        finally:
            self.cuts += left[0] == 0
            for writer in both:
                writer.close()
