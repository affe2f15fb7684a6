"""Runs the tests of this folder on every DuckDB in .venv/duckdb-*, and says in one line how it went.

usage: run_all.py [-k PATTERN ...]      (make test)
Each host runs in a process of its own, by its own Python. Arguments are passed on to unittest.
"""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def number(word, text):
    """The count of unittest's last line, such as failures=2."""
    match = re.search(rf"\b{word}=(\d+)", text)
    return int(match.group(1)) if match else 0


def run(python, arguments):
    """The tests on one host: passed, failed, skipped."""
    process = subprocess.Popen(
        [python, "-B", "-m", "unittest", "discover", "-s", HERE, "-t", HERE, *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    written = []
    for line in process.stderr:
        sys.stderr.write(line)
        written.append(line)
    ended = process.wait()
    text = "".join(written)
    ran = re.search(r"^Ran (\d+) tests? in", text, re.MULTILINE)
    if ran is None:
        # A crash of the process is one failure, whatever had passed before.
        print(f"the tests ended with exit {ended} and no result", file=sys.stderr)
        return 0, 1, 0
    last = text.rstrip().splitlines()[-1]
    # One test can fail in several of its parts; each is a failure.
    broken = len(set(re.findall(r"^(?:FAIL|ERROR): (\S+ \([\w.]+\))", text, re.MULTILINE)))
    skipped = number("skipped", last)
    failed = max(broken, int(ended != 0))
    return max(int(ran.group(1)) - broken - skipped, 0), failed, skipped


def main():
    hosts = sorted(ROOT.glob(".venv/duckdb-*/bin/python"))
    if not hosts:
        sys.exit("no DuckDB in .venv: run make hosts")
    total = [0, 0, 0]
    for python in hosts:
        host = python.parents[1].name
        counts = run(python, sys.argv[1:])
        print("{}: {} passed, {} failed, {} skipped".format(host, *counts), flush=True)
        total = [a + b for a, b in zip(total, counts)]
    print("{} passed, {} failed, {} skipped".format(*total), flush=True)
    # Nothing passed is not a pass.
    sys.exit(total[1] > 0 or total[0] == 0)


if __name__ == "__main__":
    main()
