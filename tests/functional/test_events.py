"""People who look on are told what is new, for as long as they look."""

from support.events import Events
from support.pipeline import config, job
from support.waiting import wait_until


def test_a_pipeline_is_followed_to_its_end(world):
    server = world.server()
    token = server.create_class()
    pipeline = world.submit(server, config(build=job("true")))
    with Events(server.api, "fleet", f"pipeline:{pipeline.id}") as events:
        first = events.until(lambda event: event.name == f"pipeline:{pipeline.id}")
        assert first.data["state"] == "running"
        world.agent(server, token)
        last = events.until(lambda event: event.data.get("state") == "success")
        assert last.data["workflows"][0]["jobs"][0]["state"] == "success"


def test_who_was_cut_off_is_told_what_is_new(world):
    server = world.server()
    with Events(server.api, "fleet", "pipelines") as events:
        known = [events.next(), events.next()][-1].id
    server.restart()
    server.create_class("local/other")
    with Events(server.api, "fleet", "pipelines", last_id=known) as events:
        news = events.next()
        assert news.name == "fleet"
        assert [one["resource_class"] for one in news.data["classes"]] == ["local/other"]
        server.create_class("local/third")
        assert events.next().name == "fleet", "the pipelines are as they were"


def test_a_stop_of_the_server_ends_the_stream(world):
    server = world.server()
    with Events(server.api, "fleet") as events:
        events.next()
        server.stop()
        assert events.next() is None


def test_many_that_read_nothing_hold_nobody_up(world):
    server = world.server()
    readers = [Events(server.api, "fleet", "pipelines") for _ in range(200)]
    for number in range(20):
        server.create_class(f"local/class-{number}")
    with Events(server.api, "fleet") as events:
        told = events.next()
        assert len(told.data["classes"]) == 20
    for reader in readers:
        reader.answer.close()
        reader.connection.close()
    wait_until(lambda: len(server.api.get("/api/muster/v1/fleet").json()["classes"]) == 20, 30,
               "the server to go on")
