"""A pipeline that has ended is run again, whole or from what failed."""

from support.pipeline import config, job


def test_what_failed_is_run_again(world, server, small):
    world.agent(server, small)
    once = world.place / "once"
    once.mkdir()
    once.chmod(0o777)
    pipeline = world.submit(server, config(
        good=job("true"), flaky=job(f"mkdir {once}/tried || exit 0; false")))
    assert pipeline.wait()["state"] == "failed"
    number = str(pipeline.number)
    again = world.client(server, "pipeline", "rerun", number, "--from-failed")
    assert again.returncode == 0, again.stderr
    assert f"muster pipeline follow {number}" in again.stderr
    ended = pipeline.wait()
    assert ended["state"] == "success"
    noted = server.api.get("/api/muster/v1/audit").expect(200).json()["items"][0]
    assert (noted["action"], noted["subject"], noted["detail"]) == (
        "pipeline.rerun", pipeline.id, "from failed")
    assert [[one["name"] for one in workflow["jobs"]] for workflow in ended["workflows"]] == [
        ["good", "flaky"], ["flaky"]]
    refused = world.client(server, "pipeline", "rerun", number, "--from-failed")
    assert refused.returncode == 2
    assert "no job has failed" in refused.stderr


def test_one_that_runs_is_not(world, server, small):
    pipeline = world.submit(server, config(build=job("true")))
    refused = world.client(server, "pipeline", "rerun", str(pipeline.number))
    assert refused.returncode == 1
    assert f"muster pipeline cancel {pipeline.number}" in refused.stderr
    server.api.post(f"/api/muster/v1/pipelines/{pipeline.id}/rerun", {}).expect(409)
    server.api.post("/api/muster/v1/pipelines/999/rerun", {}).expect(404)
