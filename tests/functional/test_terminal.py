"""The live view on a real (pseudo-)terminal: drawn over itself, never wider than the window."""

import re

from support.pipeline import config, job
from support.terminal import COLUMNS, on_terminal

COLOR = re.compile(r"\x1b\[[0-9;]*m")
PIECES = re.compile(r"\x1b\[(?P<count>\d*)(?P<command>[FJK])|(?P<newline>\r\n)|"
                    r"(?P<text>[^\x1b\r\n]+)")


class Screen:
    """An endless one, on which `text` has been written. Refuses what it does not know."""

    def __init__(self, text):
        self.lines, self.row, self.column = [""], 0, 0
        text = COLOR.sub("", text)
        assert PIECES.sub("", text) == ""
        for piece in PIECES.finditer(text):
            self.take(**piece.groupdict())

    def take(self, count, command, newline, text):
        line = self.lines[self.row]
        if newline:
            self.row, self.column = self.row + 1, 0
            if self.row == len(self.lines):
                self.lines.append("")
        elif text:
            end = self.column + len(text)
            self.lines[self.row] = line[:self.column].ljust(self.column) + text + line[end:]
            self.column = end
        elif command == "F":
            self.row, self.column = self.row - int(count), 0
            assert self.row >= 0
        else:
            self.lines[self.row] = line[:self.column]
            if command == "J":
                del self.lines[self.row + 1:]


def follow(world, server, small, **environment):
    world.agent(server, small)
    build = job(*(f"sleep 0.3; echo {n}" for n in range(3)), "x" * 200 + " || true", parallelism=2)
    repository = world.repository(config(build=build, other=job("true")))
    return on_terminal(world, "run", repository.directory, "--server", server.url, "--token-file",
                       server.data / "token", **environment)


def test_the_tree_is_drawn_in_place(world, server, small):
    code, written = follow(world, server, small)
    assert code == 0, written
    assert re.search(r"\x1b\[\d+F", written)
    lines = Screen(written).lines
    titles = [line for line in lines if line.startswith("Pipeline 1")]
    assert len(titles) == 1 and "success" in titles[0]
    assert max(map(len, lines[:lines.index("")])) < COLUMNS
    assert lines[lines.index("") + 1].split() == ["JOB", "WAIT", "RUN", "RUNNER", "RESULT"]


def test_the_fleet_goes_below_the_results(world, server, small):
    world.scaler(world.scaler_config(server, {"local/small": (small, {"max": 2})}))
    repository = world.repository(config(build=job("sleep 1")))
    code, written = on_terminal(world, "run", repository.directory, "--fleet", "--server",
                                server.url, "--token-file", server.data / "token")
    assert code == 0, written
    assert "queue " in written
    lines = Screen(written).lines
    assert sum(line.startswith("Pipeline 1") for line in lines) == 1
    results = next(n for n, line in enumerate(lines) if line.startswith("JOB "))
    assert not [line for line in lines[:results] if "queue " in line]
    assert lines[-3].startswith("Peak: ") and lines[-2].startswith("Back at zero ")


def test_colors_unless_they_are_not_wanted(world, server, small):
    assert COLOR.search(follow(world, server, small)[1])
    code, written = on_terminal(world, "pipeline", "follow", "1", "--server", server.url,
                                "--token-file", server.data / "token", NO_COLOR="1")
    assert code == 0
    assert not COLOR.search(written)
    assert "✓" in written


def test_in_a_file_there_are_lines_without_any_sequence(world, server, small):
    world.agent(server, small)
    repository = world.repository(config(build=job("true", parallelism=2)))
    result = world.client(server, "run", repository.directory)
    assert result.returncode == 0
    assert "\x1b" not in result.stdout
    assert "build 2/2" in result.stdout
