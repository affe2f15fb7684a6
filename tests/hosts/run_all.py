"""Runs the tests of this folder on every DuckDB in .venv/duckdb-*, and says in one line how it went.

usage: run_all.py [-k PATTERN ...]      (make test)
Each host runs in a process of its own, by its own Python, and as many at once as there are processors. Arguments are passed
on to unittest.
"""

import concurrent.futures
import os
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
    """The tests on one host: what they wrote, and how many passed, failed and were skipped."""
    ended = subprocess.run(
        [python, "-B", "-m", "unittest", "discover", "-v", "-s", HERE, "-t", HERE, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    text = ended.stdout
    ran = re.search(r"^Ran (\d+) tests? in", text, re.MULTILINE)
    if ran is None:
        # A crash of the process is one failure, whatever had passed before.
        return f"{text}\nended with exit {ended.returncode} and no result\n", (0, 1, 0)
    # One test can fail in several of its parts.
    broken = len(set(re.findall(r"^(?:FAIL|ERROR): (\S+ \([\w.]+\))", text, re.MULTILINE)))
    skipped = number("skipped", text.rstrip().splitlines()[-1])
    return text, (max(int(ran[1]) - broken - skipped, 0), max(broken, int(ended.returncode != 0)), skipped)


def main():
    hosts = sorted(ROOT.glob(".venv/duckdb-*/bin/python"))
    if not hosts:
        sys.exit("no DuckDB in .venv: run make hosts")
    total = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for host, (text, counts) in zip(hosts, pool.map(lambda python: run(python, sys.argv[1:]), hosts)):
            if counts[1]:
                # What failed; all that was written when it ended before it could say so.
                print(text[max(text.find("=" * 70), 0) :])
            else:
                # Which tests were skipped and why is said, though nothing failed.
                print("".join(sorted({f"{line}\n" for line in text.splitlines() if " skipped " in line})), end="")
            print("{}: {} passed, {} failed, {} skipped".format(host.parents[1].name, *counts), flush=True)
            total = [a + b for a, b in zip(total, counts)]
    print("{} passed, {} failed, {} skipped".format(*total), flush=True)
    # Nothing passed is not a pass.
    sys.exit(total[1] > 0 or total[0] == 0)


if __name__ == "__main__":
    main()
