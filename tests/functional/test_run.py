"""The whole way: `muster run` on a repository, runners that take the tasks, the result."""

import json

from support.pipeline import Pipeline, config, job

WRITTEN = """\
version: 2.1
jobs:
  build:
    machine: true
    resource_class: local/small
    environment:
      GREETING: hello
    steps:
      - run: echo "$GREETING from the build"
      - checkout
      - run:
          name: Read the file
          command: cat data.txt
  test:
    machine: true
    resource_class: local/small
    parallelism: 2
    steps:
      - checkout
      - run: echo "slice $CIRCLE_NODE_INDEX of $CIRCLE_NODE_TOTAL"
workflows:
  main:
    jobs:
      - build
      - test:
          requires: [build]
"""


def run(world, server, text, *arguments, files=None):
    repository = world.repository(text, files)
    return world.client(server, "run", repository.directory, *arguments)


def latest(server):
    return Pipeline(server, server.api.get("/api/muster/v1/pipelines", limit=1).json()["items"][0])


def test_a_green_pipeline(world, server, small):
    world.agent(server, small)
    result = run(world, server, WRITTEN, files={"data.txt": "the committed text\n"})
    assert result.returncode == 0, result.stdout + result.stderr

    pipeline = latest(server)
    assert pipeline.status()["state"] == "success"
    assert "hello from the build" in pipeline.output(pipeline.task("build"), 0)
    assert pipeline.output(pipeline.task("build"), 2) == "the committed text\n"
    slices = {pipeline.output(task, 1) for task in pipeline.tasks("test")}
    assert slices == {"slice 0 of 2\n", "slice 1 of 2\n"}


def test_a_failure_shows_its_output_and_exits_with_1(world, server, small):
    world.agent(server, small)
    result = run(world, server, config(build=job("echo 'the reason it broke'; exit 3")))
    assert result.returncode == 1
    assert "the reason it broke" in result.stdout + result.stderr
    step = latest(server).task()["steps"][0]
    assert (step["state"], step["exit_code"]) == ("failed", 3)


def test_what_requires_a_failed_job_is_not_run(world, server, small):
    world.agent(server, small)
    text = config(first=job("false"), second=job("true"), third=job("true"), other=job("true"),
                  requires={"second": ["first"], "third": ["second"]})
    assert run(world, server, text).returncode == 1
    states = {name: j["state"] for name, j in latest(server).jobs().items()}
    assert states == {"first": "failed", "second": "not_run", "third": "not_run",
                      "other": "success"}


def test_a_job_waits_for_all_that_it_requires(world, server, small):
    for _ in range(2):
        world.agent(server, small)
    text = config(a=job("sleep 1"), b=job("true"), last=job("true"),
                  requires={"last": ["a", "b"]})
    assert run(world, server, text).returncode == 0
    pipeline = latest(server)
    ends = [pipeline.task(name)["ended_at"] for name in "ab"]
    assert pipeline.task("last")["started_at"] >= max(ends)


def test_two_workflows_and_two_classes(world, server, small):
    large = server.create_class("local/large")
    agents = {"local/small": world.agent(server, small), "local/large": world.agent(server, large)}
    text = config(a=job("true"), b=job("true", resource_class="local/large"),
                  workflows={"one": {"jobs": ["a"]}, "two": {"jobs": ["b"]}})
    assert run(world, server, text).returncode == 0
    status = latest(server).status()
    assert [(w["name"], w["state"]) for w in status["workflows"]] == [
        ("one", "success"), ("two", "success")]
    for workflow in status["workflows"]:
        for j in workflow["jobs"]:
            assert j["tasks"][0]["runner"] == agents[j["resource_class"]].name


def test_json_for_scripts(world, server, small):
    world.agent(server, small)
    result = run(world, server, config(build=job("true")), "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["state"] == "success"


def test_the_working_tree_is_sent_only_if_asked_for(world, server, small):
    world.agent(server, small)
    repository = world.repository(config(build=job("checkout", "cat data.txt")),
                                  {"data.txt": "committed\n"})
    repository.write({"data.txt": "changed\n", "new.txt": "new\n"})
    for arguments, expected in (([], "committed\n"), (["--working-tree"], "changed\n")):
        result = world.client(server, "run", repository.directory, *arguments)
        assert result.returncode == 0, result.stderr
        assert latest(server).output(step=1) == expected
    assert repository.git("status", "--porcelain").decode().split() == [
        "M", "data.txt", "??", "new.txt"]


def test_a_canceled_pipeline_ends_its_tasks(world, server, small):
    world.agent(server, small)
    pipeline = world.submit(server, config(build=job("echo begun; sleep 600"), parallel=job("true")))
    pipeline.wait_for_output("begun", "build")
    pipeline.cancel().expect(202)
    assert pipeline.wait()["state"] == "canceled"
    assert pipeline.task("build")["state"] == "canceled"
