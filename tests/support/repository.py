"""A git repository with a pipeline, submitted as `muster run` does or by hand."""

import hashlib
import os
import subprocess

from support.pipeline import Pipeline


class Repository:
    def __init__(self, directory, config=None, files=None):
        self.directory = directory
        directory.mkdir(mode=0o755)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit({**(files or {}), **({".circleci/config.yml": config} if config else {})})

    def git(self, *arguments, data=None):
        identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory),
                       "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(["git", *identity, *arguments], cwd=self.directory, input=data,
                              env=environment, check=True, stdout=subprocess.PIPE).stdout

    def write(self, files):
        for name, content in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, files, message="A change"):
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head()

    def head(self):
        return self.git("rev-parse", "HEAD").decode().strip()

    def config(self):
        return (self.directory / ".circleci/config.yml").read_text()

    def pack(self):
        """HEAD with its trees and files, without history."""
        objects = self.git("rev-list", "--objects", "--no-object-names", "--max-count=1", "HEAD")
        return self.git("pack-objects", "--quiet", "--stdout", data=objects)

    def upload(self, server):
        pack = self.pack()
        digest = hashlib.sha256(pack).hexdigest()
        server.api.put(f"/api/muster/v1/sources/{digest}", pack).expect(201)
        return digest

    def request(self, server, **changes):
        """The body of a submission."""
        return {"project": "example/app", "branch": "main", "revision": self.head(),
                "source_sha256": self.upload(server), "subject": "A change",
                **({} if "config" in changes else {"config": self.config()}), **changes}

    def submit(self, server):
        answer = server.api.post("/api/muster/v1/pipelines", self.request(server)).expect(201)
        return Pipeline(server, answer.json())
