"""What the commands of jobs did by their own account, which no server and no agent keeps.

Each run of a task's command has a name of its own, in every line that it prints. It notes its
begin, each line just before that is printed, and its end in the file of its task, in one directory
for all.

It lasts for a second, and the task of a killed agent is run again much later. So that one which
outlives its agent is seen nevertheless, it looks before each line whether its parent is still the
one that started it, and notes if not. And each leaves a process behind, which only its agent ends.
"""

from itertools import groupby

OUTLIVED = "outlived"


class Truth:
    def __init__(self, directory, lines):
        self.directory, self.lines = directory, lines
        directory.mkdir()
        directory.chmod(0o777)  # jobs run as another user

    def command(self):
        return (f"file={self.directory}/$CIRCLE_WORKFLOW_JOB_ID.$CIRCLE_NODE_INDEX\n"
                'run=$(cat /proc/sys/kernel/random/uuid)\n'
                'note() { echo "$run $1" >> "$file"; }\n'
                # Its own death may be under way in the moment when its parent has gone.
                'look() { read -r _ _ _ parent _ < /proc/$$/stat\n'
                f'         [ "$parent" = $PPID ] || {{ sleep 1; note {OUTLIVED}; }}; }}\n'
                "note begin\n"
                "setsid sleep 1000 < /dev/null > /dev/null 2>&1 &\n"
                f"for n in $(seq 1 {self.lines}); do\n"
                '  look; note "$n"; echo "$run line $n"; sleep 0.0$((RANDOM % 10))\n'
                "done\n"
                "look; note end\n")

    def log(self, run):
        """What a whole run prints."""
        return "".join(f"{run} line {n}\n" for n in range(1, self.lines + 1))

    def runs(self, job_id, index):
        """In their order: name, and whether it came to its end."""
        file = self.directory / f"{job_id}.{index}"
        noted = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        expected = ["begin", *map(str, range(1, self.lines + 1)), "end"]
        runs = []
        for run, notes in groupby(noted, lambda note: note[0]):
            words = [word for _, word in notes]
            assert OUTLIVED not in words, f"{file.name}: {run} has outlived its agent: {noted}"
            # Two that live at once would stand in each other's midst.
            assert words == expected[:len(words)], f"{file.name}: {run} is {words}, of {noted}"
            runs.append((run, words == expected))
        assert len({run for run, _ in runs}) == len(runs), f"{file.name}: two at once: {noted}"
        return runs
