"""A server with many finished tasks: copies of a few that an agent has run.

Rows are copied, whatever their columns are. Ids are scattered over their indexes as random ones are.
What the tasks printed is not copied, and what is asked for is not in those files.
"""

import sqlite3
import time

import jobs
import wire
from measure import cpu_seconds
from support.pipeline import config, job

# A copy of such a column has an id of its own, which begins with eight other hex digits.
IDS = {"id", "pipeline_id", "workflow_id", "job_id", "task_id"}
# And these count: each copy goes on where the last one ended.
COUNTERS = {("pipeline", "number"), ("job", "number"), ("task", "queue_position")}
# Of requirements there are none; what old claims were answered is forgotten.
TABLES = "pipeline", "workflow", "job", "task", "step"
SCATTER = 2654435761  # odd, so that no two numbers below 2^32 meet


def columns(database, table):
    return [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]


def copied(database, table, column):
    if column in IDS:
        return f"printf('%08x', (n * {SCATTER}) & 4294967295) || substr({column}, 9)"
    if (table, column) in COUNTERS:
        (span,) = database.execute(f"SELECT max({column}) FROM {table}").fetchone()
        return f"{column} + n * {span or 0}"
    return column


def multiply(file, copies):
    """All that is in it so many times more: the number of its tasks, and the size of its file in MB."""
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA cache_size = -1000000")  # KiB
    database.execute("PRAGMA synchronous = OFF")
    database.execute("BEGIN")
    database.execute("CREATE TEMP TABLE copy AS WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL "
                     f"SELECT n + 1 FROM copy WHERE n < {copies}) SELECT n FROM copy")
    for table in TABLES:
        names = columns(database, table)
        made = ", ".join(copied(database, table, name) for name in names)
        database.execute(f"CREATE TEMP TABLE original AS SELECT * FROM main.{table}")
        database.execute(f"INSERT INTO main.{table} ({', '.join(names)}) "
                         f"SELECT {made} FROM copy, original ORDER BY n")
        database.execute("DROP TABLE original")
    (tasks,) = database.execute("SELECT count(*) FROM task").fetchone()
    (unfinished,) = database.execute("SELECT count(*) FROM task WHERE ended_at IS NULL").fetchone()
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    assert not unfinished, f"{unfinished} tasks have not ended"
    return tasks, file.stat().st_size / 1e6


def server_with_a_history(world, tasks, of_a_pipeline):
    """It, the token of its class, and the size of its database in MB."""
    server = world.server()
    token = server.create_class()
    (agent,) = jobs.start_agents(world, server, token)
    jobs.succeed(world.submit(server, config(build=job("true", parallelism=of_a_pipeline))))
    agent.stop()
    server.stop()
    made, size = multiply(server.data / "muster.db", tasks // of_a_pipeline - 1)
    assert made == tasks, f"{made} tasks were made"
    server.start()
    return server, token, size


def read_pages(server, count, pipelines):
    """Seconds of each reading; how many bytes one has; the server's CPU time for it."""
    connection = wire.Connection(server.port)
    content = wire.request("GET", f"/api/muster/v1/pipelines?limit={pipelines}", server.token)
    taken, cpu = [], cpu_seconds(server.program.pid)
    for _ in range(count):
        begun = time.monotonic()
        page = connection.exchange(content)
        taken.append(time.monotonic() - begun)
    connection.close()
    return taken, len(page), (cpu_seconds(server.program.pid) - cpu) / count
