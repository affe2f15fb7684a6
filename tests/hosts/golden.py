"""Writes what every saved question answers over the sample company to tests/golden, or says what of it is written.

usage: golden.py      (make golden)
A file has the names of the columns, a row a line, and at most 200 rows; where there are more its last line says how many. NULL is
nothing, an empty text two quotes, an instant in UTC.
"""

import datetime
import decimal
import json
import pathlib
import sys

from support import ROOT, sample

QUERIES = ROOT / "queries"
GOLDEN = ROOT / "tests" / "golden"
MOST = 200


def questions():
    """The saved questions, and the file of each answer."""
    return {
        path: (GOLDEN / path.relative_to(QUERIES)).with_suffix(".csv") for path in sorted(QUERIES.rglob("*.sql"))
    }


def cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if value.tzinfo else value.isoformat()
    if isinstance(value, (float, decimal.Decimal)):
        # The last digits of a sum depend on its order.
        return f"{float(value):.9g}"
    if isinstance(value, (list, dict)):
        value = json.dumps(value, ensure_ascii=False, default=cell)
    text = str(value)
    if text == "" or any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def text(names, rows):
    """An answer as its file has it."""
    lines = [",".join(names), *(",".join(map(cell, row)) for row in rows[:MOST])]
    if len(rows) > MOST:
        lines.append(f"# {MOST} of {len(rows)} rows")
    return "\n".join(lines) + "\n"


def answer(path):
    """What a saved question answers over the sample company."""
    found = sample().execute(path.read_text(encoding="utf-8"))
    return text([column[0] for column in found.description], found.fetchall())


def main():
    wanted = questions()
    for path in GOLDEN.rglob("*.csv"):
        if path not in wanted.values():
            path.unlink()
    for question, golden in wanted.items():
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(answer(question), encoding="utf-8")
    print(f"{len(wanted)} answers, {sum(golden.stat().st_size for golden in wanted.values())} bytes")


if __name__ == "__main__":
    sys.exit(main())
