"""A submitted pipeline, as its client sees it; and how its config is written."""

import json

from support.waiting import wait_until

ENDED = {"success", "failed", "canceled", "timedout", "infrastructure_fail", "not_run"}


def job(*steps, resource_class="local/small", **keys):
    return {"machine": True, "resource_class": resource_class, **keys,
            "steps": [s if isinstance(s, dict) or s == "checkout" else {"run": s} for s in steps]}


def config(*, requires=None, workflows=None, **jobs):
    """The text of a config.yml (JSON is YAML). Without `workflows`, one with every job."""
    entries = [{name: {"requires": needed}} if (needed := (requires or {}).get(name)) else name
               for name in jobs]
    return json.dumps({"version": 2.1, "jobs": jobs,
                       "workflows": workflows or {"main": {"jobs": entries}}}, indent=1)


class Pipeline:
    def __init__(self, server, created):
        self.server, self.id, self.number = server, created["id"], created["number"]

    def status(self):
        return self.server.api.get(f"/api/muster/v1/pipelines/{self.id}").expect(200).json()

    def wait(self, deadline=90):
        """Its status once it has ended. The server may be restarted meanwhile."""
        def ended():
            status = self.status()
            return status if status["state"] != "running" else None
        return wait_until(ended, deadline, f"the end of pipeline {self.number}")

    def cancel(self):
        return self.server.api.post(f"/api/muster/v1/pipelines/{self.id}/cancel")

    def jobs(self):
        return {j["name"]: j for w in self.status()["workflows"] for j in w["jobs"]}

    def tasks(self, job_name=None):
        return [task for name, j in self.jobs().items() if job_name in (None, name)
                for task in j["tasks"]]

    def task(self, job_name=None):
        (only,) = self.tasks(job_name)
        return only

    def wait_for_state(self, state, job_name=None, deadline=60):
        def reached():
            return all(task["state"] == state for task in self.tasks(job_name))
        wait_until(reached, deadline, f"{job_name or 'every task'} being {state}")
        return self

    def output(self, task=None, step=0, **headers):
        """The text of a step so far. A task that nobody has claimed has none."""
        identifier = (task or self.task())["id"]
        answer = self.server.api.request(
            "GET", f"/api/muster/v1/tasks/{identifier}/steps/{step}/output",
            headers={name.replace("_", "-"): value for name, value in headers.items()})
        return answer.expect(200).text

    def wait_for_output(self, text, job_name=None, step=0, deadline=60):
        def there():
            return text in self.output(self.task(job_name), step)
        wait_until(there, deadline, f"{text!r} in the output")
