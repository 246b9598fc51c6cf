"""A tree that no git would make: nothing of it comes to be outside of the working directory."""

import hashlib

import pytest

from support.pipeline import Pipeline, config, job

FILE, LINK, TREE = b"100644", b"120000", b"40000"


class Forge:
    """Objects by hand, as git itself refuses to make them."""

    def __init__(self, repository):
        self.repository, self.made = repository, []

    def add(self, kind, data):
        name = self.repository.git("hash-object", "-t", kind, "-w", "--literally", "--stdin",
                                   data=data).decode().strip()
        self.made.append(name)
        return name

    def tree(self, *entries):
        return self.add("tree", b"".join(mode + b" " + name + b"\0" + bytes.fromhex(of)
                                         for mode, name, of in entries))

    def submit(self, server, tree, text):
        who = "A <a@localhost> 1700000000 +0000"
        commit = self.add("commit", f"tree {tree}\nauthor {who}\ncommitter {who}\n\nx\n".encode())
        pack = self.repository.git("pack-objects", "--quiet", "--stdout",
                                   data="\n".join(self.made).encode() + b"\n")
        digest = hashlib.sha256(pack).hexdigest()
        server.api.put(f"/api/muster/v1/sources/{digest}", pack).expect(201)
        body = self.repository.request(server, revision=commit, source_sha256=digest, config=text)
        return Pipeline(server, server.api.post("/api/muster/v1/pipelines", body).expect(201).json())


def above(forge, file):
    return forge.tree((FILE, b"../escaped", file))


def in_git(forge, file):
    hooks = forge.tree((FILE, b"post-checkout", file))
    return forge.tree((TREE, b".git", forge.tree((TREE, b"hooks", hooks))))


def in_git_by_other_letters(forge, file):
    return forge.tree((TREE, b".GIT", forge.tree((FILE, b"config", file))),
                      (TREE, b".git ", forge.tree((FILE, b"config", file))))


def below_a_link(forge, file):
    link = forge.add("blob", b"..")
    return forge.tree((LINK, b"link", link), (TREE, b"link", forge.tree((FILE, b"escaped", file))))


def below_a_link_to_git(forge, file):
    link = forge.add("blob", b".git/hooks")
    return forge.tree((LINK, b"link", link),
                      (TREE, b"link", forge.tree((FILE, b"post-checkout", file))))


def absolute(forge, file, place):
    return forge.tree((FILE, f"{place}/escaped".encode(), file))


@pytest.mark.parametrize("make", [above, in_git, in_git_by_other_letters, below_a_link,
                                  below_a_link_to_git, absolute], ids=lambda make: make.__name__)
def test_a_hostile_tree_makes_nothing_outside(world, server, small, make):
    place = world.place / "open"
    place.mkdir()
    place.chmod(0o777)
    world.agent(server, small, working_directory=f"{place}/%s")
    forge = Forge(world.repository())
    file = forge.add("blob", f"#!/bin/sh\ntouch {place}/escaped\n".encode())
    tree = make(forge, file, place) if make is absolute else make(forge, file)
    pipeline = forge.submit(server, tree, config(build=job("checkout", {
        "run": {"command": "touch ../control; find . -path './.git/hooks/post-checkout'", "when": "always"}})))
    pipeline.wait()
    steps = pipeline.task()["steps"]
    assert steps[0]["name"].lower().startswith("checkout"), steps
    assert (place / "control").exists(), "what is to be kept out could be there"
    assert not (place / "escaped").exists(), pipeline.output()
    assert "post-checkout" not in pipeline.output(step=1)
