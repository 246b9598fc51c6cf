"""Lets a network namespace reach servers on this machine's loopback, and nothing else."""

import asyncio
import ctypes
import os
import socket
import threading

CLONE_NEWNET = 0x40000000


def listen_within(process, addresses):
    """Sockets that listen in the network of a process: a socket stays where it was made."""
    made, failed = [], []

    def make():
        namespace = os.open(f"/proc/{process}/ns/net", os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
            failed.append(OSError(ctypes.get_errno(), "setns"))
            return
        os.close(namespace)
        made.extend(socket.create_server(address) for address in addresses)
    thread = threading.Thread(target=make)  # it alone enters, and ends
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made


class Forwarder:
    """Serves connections in a thread of its own, each joined to a port on our loopback."""

    def __init__(self):
        self.loop, self.servers = asyncio.new_event_loop(), []
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def serve(self, port, *where, **how):
        """`where` and `how` as for asyncio.start_server. Before start()."""
        server = self.loop.run_until_complete(asyncio.start_server(self.to(port), *where, **how))
        self.servers.append(server)
        return server.sockets[0].getsockname()[1]

    def start(self):
        self.thread.start()

    def to(self, port):
        async def relay(client, to_client):
            try:
                server, to_server = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                to_client.close()
                return
            await asyncio.gather(self.pass_on(client, to_server), self.pass_on(server, to_client))
        return relay

    @staticmethod
    async def pass_on(source, target):
        try:
            while data := await source.read(1 << 16):
                target.write(data)
                await target.drain()
        except OSError:  # one of them has gone
            pass
        finally:
            target.close()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        for server in self.servers:
            server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


class Relay(Forwarder):
    """`routes`: an address (host, port) within, and the port on our loopback."""

    def __init__(self, process, routes):
        super().__init__()
        for sock, port in zip(listen_within(process, routes), routes.values()):
            self.serve(port, sock=sock)
        self.start()
