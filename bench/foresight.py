"""bench/foresight.py MUSTER >SECTION: what foresight saves and costs; see script/bench.

Nothing in it depends on the machine.
"""

import json
import subprocess
import sys

USUAL = "week,rate=12,chain=1-5-1,run=lognormal:5m:0.4"
CASES = [
    ("each job takes as long as ever", f"{USUAL},vary=0"),
    ("by 10 % longer or shorter", f"{USUAL},vary=0.1"),
    ("by 20 %", f"{USUAL},vary=0.2"),
    ("by 20 %, and 10 % of the tasks fail", f"{USUAL},vary=0.2,fail=0.1"),
    ("by 20 %, and 30 % fail", f"{USUAL},vary=0.2,fail=0.3"),
    ("by 50 %", f"{USUAL},vary=0.5"),
    ("a small team's, by 20 %, and 10 % fail",
     "week,rate=1.5,chain=1-3-1,run=lognormal:4m:0.4,days=28,vary=0.2,fail=0.1"),
    ("a merge queue's, by 20 %, and 10 % fail",
     "bursts,every=exponential:20m,size=1-4,within=1m,chain=1-6,run=lognormal:5m:0.3,days=3,"
     "vary=0.2,fail=0.1"),
    ("jobs of 40 s, shorter than a boot, by 20 %",
     "week,rate=12,chain=1-5-1,run=lognormal:40s:0.3,vary=0.2"),
]
IDLE = "10s", "1m"


def simulate(program, spec, idle):
    done = subprocess.run([program, "simulate", "--json", "--generate", spec, "--compare",
                           "muster-foresight", "--idle-timeout", idle],
                          check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["policies"]


def rows(program):
    for name, spec in CASES:
        for idle in IDLE:
            without, with_it = simulate(program, spec, idle)
            waits = " | ".join(f"{without[key]:.1f} → {with_it[key]:.1f}"
                               for key in ("blocked_wait_p50", "blocked_wait_p95"))
            hours = [each["instance_hours"] for each in (without, with_it)]
            ratio = hours[1] / hours[0]
            part = with_it["blocked_wait_p50"] / without["blocked_wait_p50"]
            met = "met" if ratio <= 1.05 and part <= 0.5 else "**missed**"
            yield (f"| {name} | {idle} | {waits} | {hours[0]:.1f} → {hours[1]:.1f} | {ratio:.3f} "
                   f"| {without['wasted_boots']} → {with_it['wasted_boots']} | {met} |")


def main(program):
    specs = "\n".join(f"- {name}: `{spec}`" for name, spec in CASES)
    table = "\n".join(rows(program))
    print(f"""\
`script/bench foresight`: `muster simulate --compare muster-foresight --idle-timeout I --generate W`, a boot
of 90 s, seed 1; without → with foresight. The waits are those of tasks that others had blocked, in seconds;
W is one of these, in which a stage begins once all of the one before has ended, or never if a task of it
fails:

{specs}

The aim is half the median at 1.05 times the hours, where what blocks them outlasts a boot.

| workload | I | wait p50 s | p95 s | hours | ratio | launches that never ran a task | |
|---|--:|--:|--:|--:|--:|--:|---|
{table}
{WHY}""")


WHY = """
Where it loses, and why:

- **Where jobs take another time each time.** An instance that is early waits for its idle time-out, ends,
  and was launched for nothing; one that is late saves only a part of the wait.
- **Where jobs fail.** What was launched for those behind them ends idle: a boot and an idle time-out each.
- **p95.** Of the jobs in front a part ends sooner than expected, or runs too long for an instance to
  wait. What is blocked by these waits for a boot as before.
- **Where a job is shorter than a boot.** It is foreseen only once it runs: a part of a boot is saved, for
  all of its risk.
"""

main(*sys.argv[1:])
