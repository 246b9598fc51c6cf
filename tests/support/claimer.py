"""A runner that speaks the agent's protocol by hand, one request at a time."""

import uuid

from support.api import Api, bearer


class Attempt:
    def __init__(self, url, task):
        self.task, self.number = task, task["attempt"]
        self.api = Api(url, bearer(task["token"]))
        self.path = f"/api/muster/v1/tasks/{task['task_id']}/attempts/{self.number}"

    def heartbeat(self, wait_ms=0):
        return self.api.post(f"{self.path}/heartbeat", {"wait_ms": wait_ms})

    def step(self, index=0, name="step", state="running", **fields):
        return self.api.post(f"{self.path}/steps/{index}",
                             {"name": name, "state": state, **fields})

    def output(self, content, offset, step=0):
        return self.api.put(f"{self.path}/steps/{step}/output", content, offset=offset)

    def finish(self, result="success", message=""):
        return self.api.post(f"{self.path}/finish", {"result": result, "message": message})

    def run(self, text=b"done\n"):
        """A whole life: one step that prints `text` and succeeds."""
        self.step().expect(204)
        self.output(text, 0).expect(200)
        self.step(state="success", exit_code=0).expect(204)
        self.finish().expect(204)


class Claimer:
    def __init__(self, server, token, name="by-hand"):
        self.url, self.name, self.api = server.url, name, Api(server.url, bearer(token))

    def ask(self, request_id=None, wait_ms=0):
        """The answer to a claim, as it came."""
        return self.api.post("/api/muster/v1/claim", {
            "request_id": request_id or str(uuid.uuid4()), "name": self.name,
            "hostname": "host", "version": "test", "wait_ms": wait_ms})

    def claim(self, request_id=None, wait_ms=30000):
        return Attempt(self.url, self.ask(request_id, wait_ms).expect(200).json())

    def withdraw(self, request_id):
        return self.api.post("/api/muster/v1/claim/withdraw", {"request_id": request_id})
