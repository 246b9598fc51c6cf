"""Requests made ready before, on sockets: what asks must cost less than what answers."""

import json
import multiprocessing
import re
import select
import socket
import time
import uuid
from typing import NamedTuple

LONGEST = 300  # seconds that anything here may take
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


def request(method, path, token=None, body=None):
    content = b"" if body is None else json.dumps(body).encode()
    credential = f"Authorization: Bearer {token}\r\n" if token else ""
    return (f"{method} {path} HTTP/1.1\r\nHost: any\r\n{credential}"
            f"Content-Length: {len(content)}\r\n\r\n").encode() + content


def claim(token, name, wait_ms=0):
    return request("POST", "/api/muster/v1/claim", token, {
        "request_id": str(uuid.uuid4()), "name": name, "hostname": "host", "version": "bench",
        "wait_ms": wait_ms})


def body_of(answer):
    """Nothing while it has not come whole."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return None
    length = LENGTH.search(head + b"\r\n")
    return body if len(body) == (int(length[1]) if length else 0) else None


def expect(status, answer):
    if not answer.startswith(b"HTTP/1.1 %d " % status):
        raise AssertionError(f"expected {status}, got {answer[:500]!r}")


class Connection:
    """One that stays, as those of agents and clients do."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LONGEST)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, content, status=200):
        self.socket.sendall(content)
        answer = b""
        while (body := body_of(answer)) is None:
            if not (more := self.socket.recv(1 << 20)):
                raise ConnectionError(f"closed within an answer: {answer[:500]!r}")
            answer += more
        expect(status, answer)
        return body

    def close(self):
        self.socket.close()


class Asked(NamedTuple):
    begun: float  # by time.monotonic(), which all processes of a machine share
    ended: float
    cpu: float  # seconds of the one that asked


def ask_all(port, queues):
    """Each queue on its own connection, the next request once the last one is answered."""
    connections = {}
    poll = select.epoll()
    for queue in queues:
        one = Connection(port)
        connections[one.socket.fileno()] = [one, iter(queue), b""]
        poll.register(one.socket, select.EPOLLIN)
    yield  # all are there
    begun, cpu = time.monotonic(), time.process_time()
    for one, queue, _ in connections.values():
        one.socket.sendall(next(queue))
    while connections:
        for number, _ in poll.poll(LONGEST):
            state = connections[number]
            one, queue, _ = state
            if not (more := one.socket.recv(65536)):
                raise ConnectionError(f"closed within an answer: {state[2][:500]!r}")
            state[2] += more
            if body_of(state[2]) is None:
                continue
            expect(200, state[2])
            state[2] = b""
            if content := next(queue, None):
                one.socket.sendall(content)
            else:
                poll.unregister(one.socket)
                del connections[number]
                one.close()
    yield Asked(begun, time.monotonic(), time.process_time() - cpu)


def one_of_many(port, queues, barrier, tell):
    asking = ask_all(port, queues)
    next(asking)
    barrier.wait(LONGEST)
    tell.send(next(asking))


def ask_from_processes(port, queues, processes):
    """What `ask_all` tells, of each process."""
    here = multiprocessing.get_context("fork")
    barrier = here.Barrier(processes)
    started = []
    for number in range(processes):
        hear, tell = here.Pipe(duplex=False)
        one = here.Process(target=one_of_many,
                           args=(port, queues[number::processes], barrier, tell), daemon=True)
        one.start()
        tell.close()
        started.append((one, hear))
    asked = []
    for one, hear in started:
        if not hear.poll(LONGEST):
            raise TimeoutError(f"not all was answered within {LONGEST} s")
        asked.append(hear.recv())
        one.join()
    return asked
